"""study scan, as a reader uses it, and what each rule looks for."""
import json
import os
import pathlib
import sys

import pytest

from compat import trees
from study import report
from study.report import scanned
from study.rulebook import rules
from study.scanning import checks
from study.scanning import normal
from study.scanning import output
from study.scanning import patterns
from study.scanning import scan
from study.scanning import source
from study.scanning.findings import Finding
from study.tests import measured
from study.tests.scan_cases import CASES
from study.tests.tool import study

RULES = rules.load()
SCANNED = [name for name in RULES if RULES[name].scans]
# A server as a book of 2012 might have it.
BOOK = '''\
import SocketServer
import threading

class Handler(SocketServer.BaseRequestHandler):
    def handle(self):
        data = self.request.recv(1024)
        name = threading.currentThread().getName()
        self.request.send('%s: %s' % (name, data))
        print 'served', data

class Server(SocketServer.TCPServer, SocketServer.ThreadingMixIn):
    pass

if __name__ == '__main__':
    server = Server(('localhost', 0), Handler)
    try:
        server.serve_forever()
    except KeyboardInterrupt, e:
        server.socket.close()
'''


def found(text, major=None):
    return scan.findings(source.parsed('x.py', text, major), RULES)


@pytest.fixture
def book(tmp_path):
    path = tmp_path / 'book.py'
    path.write_text(BOOK)
    return str(path)


# What MIGRATION.md says a scan looks for

@pytest.mark.parametrize('name', RULES)
def test_every_rule_has_a_scan_or_says_why_it_cannot_have_one(name):
    rule = RULES[name]
    assert bool(rule.scans) != bool(rule.no_scan)
    assert len(rule.scans) == len(set(rule.scans))


def test_every_function_is_named_after_a_rule_that_asks_for_it():
    asked = {name for name in SCANNED
             if any(one.pattern is None for one in RULES[name].scans)}
    assert checks.names() == asked
    assert all(callable(checks.function_of(name)) for name in asked)


@pytest.mark.parametrize('pattern', [one.pattern for name in SCANNED
                                     for one in RULES[name].scans if one.pattern])
def test_every_pattern_finds_something(pattern):
    assert any(list(patterns.found(source.parsed('x.py', text, major), pattern, ''))
               for _, major, text in CASES)


def test_a_rule_whose_scan_is_none_is_an_error():
    with pytest.raises(rules.RulesError, match='no line of a scan'):
        rules.parse('### `a`: b\n```scan\nfunction\n```\n')


@pytest.mark.parametrize('rule, major, text', CASES, ids=[
    '%s-%d' % (case[0], number) for number, case in enumerate(CASES)])
def test_a_rule_is_found_where_it_applies_and_nowhere_else(rule, major, text):
    lines = {number for one in found(text, major) if one.rule == rule
             for number in one.lines}
    assert lines == {number for number, line in enumerate(text.split('\n'), 1)
                     if line.endswith('# !')}


def test_every_rule_with_a_scan_has_a_case():
    assert {case[0] for case in CASES} == set(SCANNED)


@pytest.mark.parametrize('name', [name for name in SCANNED if RULES[name].examples])
def test_a_rule_is_found_in_its_own_example(name):
    for example in RULES[name].examples:
        assert name in {one.rule for one in found(example.program('-'), 2)}


# Reading

@pytest.mark.parametrize('text, major', [
    ('print 1\n', 2), ('import SocketServer\n', 2), ('x = 1\n', 3),
    ('#!/usr/bin/env python2\nx = 1\n', 2), ('#!/usr/bin/python3\nunicode\n', 3),
    ('print(1, file=x)\n', 3), ('match x:\n    case 1:\n        pass\n', 3),
    ('try:\n    import queue\nexcept ImportError:\n    import Queue\n', 3),
    ('from __future__ import print_function\nimport Queue\nprint(1, file=x)\n', 2)])
def test_which_python_a_source_is_for(text, major):
    if text.startswith('match') and sys.version_info < (3, 10):
        pytest.skip('this Python does not know "match"')
    assert source.parsed('x.py', text).major == major


@pytest.mark.parametrize('text', [
    'print a, b\n', 'print >>f, a\n', 'print >>f\n', 'exec a in b\n', 'x = `a, b`\n',
    'raise A, b, c\n', 'def f(a, (b, c)=d): pass\n', 'g = lambda (a, b): a\n',
    'try: pass\nexcept A, (b, c): pass\n', "x = ur'a', 0777L, 5L, 0xFFL, 1 <> 2\n"])
def test_python_2_is_written_so_that_ast_reads_it(text):
    made = normal.written(source.old_tree(text, source.GRAMMARS))
    assert source.new_tree(made) is not None, made
    assert made.count('\n') == text.count('\n')


@pytest.mark.parametrize('data', [b'def f(:\n', b'a\0b', b'print 1\nx: int = 3 +\n'])
def test_what_is_no_python_is_one_line_and_status_2_and_the_rest_is_scanned(
        tmp_path, book, data):
    (tmp_path / 'bad.py').write_bytes(data)
    child = study('scan', str(tmp_path))
    assert child.returncode == 2
    assert child.stderr.startswith('study: %s: ' % (tmp_path / 'bad.py'))
    assert child.stderr.count('\n') == 1
    assert 'book.py:11:1 mix-in-first' in child.stdout


def test_a_file_that_may_not_be_read_or_has_no_encoding_is_no_traceback(tmp_path):
    (tmp_path / 'latin.py').write_bytes(b"print '\xe4'\n")
    (tmp_path / 'link.py').symlink_to(tmp_path / 'nowhere')
    child = study('scan', str(tmp_path))
    assert child.returncode == 2
    assert 'latin.py:1:1 print-function' in child.stdout
    assert child.stderr.count('\n') == 1


@pytest.mark.parametrize('text', ['x = ' + '+'.join(['a'] * 5000) + '\n',
                                  'x = ' + '(' * 500 + ')' * 500 + '\n',
                                  'print 1, ' + '-' * 3000 + '1\n'])
def test_what_is_nested_too_deeply_is_a_line_at_most(tmp_path, text):
    (tmp_path / 'x.py').write_text(text)
    child = study('scan', str(tmp_path))
    assert child.returncode in (0, 2)
    assert child.stderr.count('\n') <= 1


# What it says

def test_a_server_of_a_book_has_the_classic_mistakes_named(book):
    named = {(one.rule, one.line) for one in measured.findings(book)}
    assert named >= {('bytes-formatting', 8), ('thread-names', 7), ('mix-in-first', 11),
                     ('server-close', 19), ('text-for-the-screen', 9),
                     ('renamed-modules', 1), ('print-function', 9), ('except-as', 18),
                     ('threading-names', 7)}


def test_a_port_of_it_with_the_classic_mistakes_has_them_named():
    text = BOOK.replace('SocketServer', 'socketserver')
    for old, new in (("print 'served', data", "print('served', data)"),
                     ('KeyboardInterrupt, e', 'KeyboardInterrupt'),
                     ("send('%s: %s' % (name, data))",
                      "send(('%s: %s' % (name, data)).encode())")):
        text = text.replace(old, new)
    assert {one.rule for one in found(text)} == {
        'bytes-formatting', 'thread-names', 'mix-in-first', 'server-close',
        'threading-names', 'thread-list'}


def test_what_hurts_most_stands_first_and_a_table_at_the_end(book):
    child = study('scan', book, COLUMNS='100')
    assert (child.returncode, child.stderr) == (1, '')
    places = [child.stdout.index(head) for head in (
        output.HEADS['silent'], 'server-close', output.HEADS['done'], 'except-as',
        '\nrule ', 'findings in 1 file')]
    assert places == sorted(places)
    assert '\nrenamed-modules             3  2to3' in child.stdout
    assert '\nmix-in-first                1  you ' in child.stdout


@pytest.mark.parametrize('text, status', [
    ('x = 1\n', 0), ('print 1\n', 0), ('server.socket.close()\n', 1)])
def test_the_status_says_whether_something_is_left_to_do(tmp_path, text, status):
    (tmp_path / 'x.py').write_text(text)
    assert study('scan', str(tmp_path)).returncode == status


def test_json_has_every_finding_with_its_rule(book):
    child = study('scan', book, '--format', 'json')
    data = json.loads(child.stdout)
    assert data['errors'] == []
    assert {'rule': 'mix-in-first', 'file': book, 'line': 11, 'column': 1,
            'end_line': 11, '2to3': 'silent',
            'sentence': 'The mix-in stands after the server class, and does nothing '
            'there.', 'link': RULES['mix-in-first'].link} in data['findings']
    assert {'rule': 'print-function', 'count': 1, 'who': '2to3'} in data['rules']


def test_github_gets_an_annotation_a_line_with_what_it_reads_escaped():
    one = Finding('a-rule', 'a,b:c%.py', 3, 5, 4, 'silent', '100%\nof it: yes, really')
    assert output.as_github([one], ['x: no\nPython']) == [
        '::warning file=a%2Cb%3Ac%25.py,line=3,endLine=4,col=5,title=a-rule::'
        '100%25%0Aof it: yes, really', '::error::x: no%0APython']


def test_github_annotations_are_what_is_printed(book):
    child = study('scan', book, '--format', 'github')
    assert child.returncode == 1
    assert all(line.startswith(('::warning file=', '::notice file='))
               for line in child.stdout.splitlines())


def test_the_example_of_readme_is_what_it_says():
    with open(os.path.join(trees.ROOT, 'README.md'), encoding='utf-8') as page:
        shown = [line for line in page.read().splitlines()
                 if line.startswith('proxy_server.py:')]
    child = study('scan', measured.script('proxy_server'))
    said = [line.rpartition('/field/')[2] for line in child.stdout.splitlines()]
    assert shown
    assert set(shown) <= set(said)


def test_one_rule_can_be_asked_for(book):
    child = study('scan', book, '--rule', 'server-close', '--rule', 'except-as',
                  '--format', 'json')
    assert {one['rule'] for one in json.loads(child.stdout)['findings']} == {
        'server-close', 'except-as'}


def test_a_folder_is_scanned_below_but_for_what_is_hidden(tmp_path):
    for place in ('a.py', 'below/b.py', '.hidden/c.py', '__pycache__/d.py', 'e.txt'):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_text('x = 1\n')
    assert scan.files([str(tmp_path)]) == [
        str(tmp_path / 'a.py'), str(tmp_path / 'below' / 'b.py')]


def test_without_fissix_it_is_one_line_that_helps(tmp_path, book):
    (tmp_path / 'fissix.py').write_text(
        "raise ModuleNotFoundError('no', name='fissix')\n")
    child = study('scan', book, PYTHONPATH=str(tmp_path))
    assert (child.returncode, child.stdout) == (2, '')
    assert child.stderr.startswith('study: fissix is not installed: ')
    assert child.stderr.count('\n') == 1


def test_nothing_of_what_is_scanned_is_run(tmp_path):
    (tmp_path / 'x.py').write_text('open(%r, "w").close()\n' % str(tmp_path / 'made'))
    study('scan', str(tmp_path))
    assert not os.path.exists(str(tmp_path / 'made'))


# The report

def test_the_report_shows_a_file_with_the_rule_beside_the_line(tmp_path, book):
    read = source.read(book)
    files = scanned.files([read], scan.findings(read, RULES))
    report.build(str(tmp_path / 'site'), str(tmp_path), files)
    page = (tmp_path / 'site' / 'scanned-1.html').read_text(encoding='utf-8')
    section = page.partition('id="line-11"')[2].partition('</section>')[0]
    assert 'href="rule-mix-in-first.html"' in section
    assert 'The mix-in stands after the server class' in section
    assert '<mark class="line"><span class="no">11</span>' in section
    first = (tmp_path / 'site' / 'index.html').read_text(encoding='utf-8')
    assert 'href="scanned.html"' in first


def test_a_report_of_a_scan_has_every_line_of_the_file_once(book):
    read = source.read(book)
    file, = scanned.files([read], scan.findings(read, RULES))
    assert [cell.number for stretch in file.stretches for cell in stretch.cells] == list(
        range(1, len(read.lines) + 1))


def test_the_command_says_where_the_report_is(tmp_path, book):
    child = study('scan', book, '--report', str(tmp_path / 'site'))
    place = str(tmp_path / 'site' / 'scanned.html')
    assert child.stderr == 'study: the report is in %s\n' % place
    assert pathlib.Path(place).exists()
