"""Whole programs in the style of 2012, written for the real library: with their imports
changed, and nothing else, they talk the same on both."""
import os
import re

import pytest

from compat import process
from tests.diesel.http_talk import HttpConversation, get, post

pytestmark = [pytest.mark.script, pytest.mark.rule('diesel', 'bytes-on-the-wire')]

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'programs')
IMPORTS = [('^import diesel$', 'from compat import diesel'),
           (r'^from diesel\.', 'from compat.diesel.')]
FORM = b'Content-Type: application/x-www-form-urlencoded'


def source_of(name):
    """Return the text of a program, with its imports changed."""
    with open(os.path.join(FOLDER, name + '.py')) as source:
        text = source.read()
    for old, new in IMPORTS:
        text = re.sub(old, new, text, flags=re.MULTILINE)
    return text


@pytest.fixture
def address_of(tree):
    """A function: the name of a program -> the address where it listens. It is ended
    with the test, and must have said nothing on stderr."""
    children = []

    def start(name):
        child = process.Child(tree, name, command=['-c', source_of(name)])
        children.append(child)
        return '127.0.0.1', int(child.wait_for_line('[0-9]+$').group())

    yield start
    for child in children:
        child.end()
    assert [child.stderr for child in children] == [b'']


@pytest.fixture
def ask(conversation):
    """A function: a Conversation and lines -> the lines that come back."""
    def say(talk, *lines):
        answers = []
        for line in lines:
            talk.send(line + b'\r\n')
            answers.append(talk.read_line())
        return answers
    return say


def test_a_proxy_with_a_pool_of_connections(address_of, conversation, ask):
    address = address_of('line_proxy')
    one, other, third = [conversation(address) for _ in range(3)]
    assert ask(one, b'set a first value', b'get a', b'nonsense') == [
        b'STORED\r\n', b'first value\r\n', b'ERROR\r\n']
    assert ask(other, b'get a', b'set \xff \xfe', b'get \xff', b'get nothing') == [
        b'first value\r\n', b'STORED\r\n', b'\xfe\r\n', b'\r\n']
    for talk in (one, other, third):
        talk.send(b'get a\r\n' * 20)
    for talk in (one, other, third):
        assert [talk.read_line() for _ in range(20)] == [b'first value\r\n'] * 20
    third.close()
    assert ask(one, b'quit') in ([b'1 backends\r\n'], [b'2 backends\r\n'])
    assert one.read_all() == b''


def test_a_queue_of_jobs_with_supervision(address_of, conversation, ask):
    address = address_of('job_queue')
    client, watcher = conversation(address), conversation(address)
    assert ask(client, b'job 2 3 4') == [b'4 9 16\r\n']
    assert ask(watcher, b'watch 2') == [b'watching\r\n']
    assert ask(client, b'job x', b'job y z', b'job 5', b'job 6') == [
        b'FAILED\r\n', b'FAILED FAILED\r\n', b'25\r\n', b'36\r\n']
    assert watcher.read_line() == b'25 36\r\n'
    assert ask(client, b'status') == [b'5 done, 3 failed\r\n']
    client.send(b'bye\r\n')
    assert client.read_all() == b''


def test_a_flask_page_with_a_loop_in_the_background(address_of):
    talk = HttpConversation(address_of('flask_page'))
    found = [talk.ask(request) for request in (
        get(b'/'), post(b'/reset', b'by=40', FORM), get(b'/'), get(b'/slow'),
        get(b'/nowhere'), get(b'/json/Anna'))]
    talk.close()
    assert [(one.status, one.body) for one in found[:5]] == [
        (200, b'the heart has beaten 100 times\n'), (202, b'reset\n'),
        (200, b'the heart has beaten 100 times\n'), (200, b'woken by sleep\n'),
        (404, b'nothing here\n')]
    assert b'"Anna"' in found[5].body and b'100' in found[5].body
