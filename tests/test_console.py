"""The screen and the command line that every recipe shares."""
import sys

import pytest


class Dead(object):
    """A stdout that takes nothing."""

    def write(self, text):
        raise IOError('dead')

    flush = write


@pytest.fixture
def console(recipe):
    return recipe('console')


@pytest.mark.unit
@pytest.mark.rule('text-for-the-screen')
@pytest.mark.parametrize('data, shown', [
    (b'Hello', 'Hello'), (b"it's", "it's"),
    (b'\x1b[31m\xe9\\\n', '\\x1b[31m\\xe9\\\\\\n'), (b'', '')],
    ids=['plain', 'quote', 'control', 'empty'])
def test_bytes_are_shown_as_harmless_text(console, data, shown):
    text = console.printable(data)
    assert (text, type(text)) == (shown, str)


@pytest.mark.unit
@pytest.mark.rule('print-function')
def test_what_is_said_is_one_line(console, capsys):
    console.say('Hello')
    console.report('again')
    assert capsys.readouterr().out == 'Hello\nagain\n'


@pytest.mark.unit
@pytest.mark.rule('oserror')
def test_a_report_to_nobody_is_no_error(console, monkeypatch):
    monkeypatch.setattr(sys, 'stdout', Dead())
    console.report('Hello')
    with pytest.raises(IOError):
        console.say('Hello')
