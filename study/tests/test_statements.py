"""What MIGRATION.md says about Python is run, on each Python of the matrix."""
import functools
import re
import sys

import pytest

from compat import interpreters
from study.commands import start
from study.rulebook import rules
from study.tests import programs_of_rules as programs

RULES = rules.load()
WITH_EXAMPLE = [name for name in RULES if RULES[name].examples]
PYTHON_3 = sys.version_info[:2]
OLD, NEW = (tuple(example.program(side) for name in WITH_EXAMPLE
                  for example in RULES[name].examples) for side in '-+')

FILE = r'''
import os, tempfile
number, path = tempfile.mkstemp()
os.write(number, b'a\r\nb\rc\n')
os.close(number)
'''
ENDS = r'''
lines = list(source)
source.close()
os.remove(path)
print([line.count('\r') for line in lines])
'''
CAUGHT = '''
try:
    %s
except %s:
    print('error')
'''
# The rule, what it says, a program, and what that prints from which version on.
STATEMENTS = [
    ('newlines', "Python 2 left all of them as they were",
     FILE + "source = open(path)" + ENDS, {(2, 7): '[1, 1]', (3, 0): '[0, 0, 0]'}),
    ('newlines', "unless a mode said `U`", FILE + "import sys\n"
     "source = open(path, 'U' if sys.version_info[0] == 2 else 'r')" + ENDS,
     {(2, 7): '[0, 0, 0]'}),
    ('newlines', "`makefile('r')` of a socket", FILE + "import socket\n"
     "one, other = socket.socketpair()\none.sendall(open(path, 'rb').read())\n"
     "one.close()\nsource = other.makefile('r')" + ENDS,
     {(2, 7): '[1, 1]', (3, 0): '[0, 0, 0]'}),
    ('newlines', "the pipes of `subprocess`", FILE + "import subprocess\n"
     "child = subprocess.Popen(['cat', path], stdout=subprocess.PIPE,\n"
     "                         universal_newlines=True)\n"
     "child.wait()\nsource = child.stdout" + ENDS, {(2, 7): '[0, 0, 0]'}),
    ('newlines', "`sys.stdin` does not", FILE + "import subprocess, sys\n"
     "code = 'import sys; print([line.count(chr(13)) for line in sys.stdin])'\n"
     "with open(path) as source:\n"
     "    print(subprocess.check_output([sys.executable, '-c', code],\n"
     "                                  stdin=source).decode('ascii').strip())\n"
     "os.remove(path)\n", {(2, 7): '[1, 1]'}),
    ('print-function', "`print (a, b)` printed a tuple, and prints two words now",
     "print ('a', 'b')", {(2, 7): "('a', 'b')", (3, 0): 'a b'}),
    ('except-as', "since 3.14 the old form compiles again",
     CAUGHT % (r"compile('try: 1\nexcept E, error: 1', 'x', 'exec')", 'SyntaxError'),
     {(2, 7): '', (3, 0): 'error', (3, 14): ''}),
    ('oserror', "`socket.error`, `select.error`, `IOError` and `OSError` are one class",
     "import select, socket\nprint(socket.error is select.error is IOError is OSError)",
     {(2, 7): 'False', (3, 3): 'True'}),
    ('oserror', "since 3.10 it is TimeoutError itself",
     "import socket\nprint(socket.timeout.__name__)",
     {(2, 7): 'timeout', (3, 10): 'TimeoutError'}),
    ('oserror', "`select.error` had no `errno` attribute in Python 2",
     "import select\nprint(hasattr(select.error(4, 'x'), 'errno'))",
     {(2, 7): 'False', (3, 3): 'True'}),
    ('exception-variable', "Python 3 deletes `error`",
     "try:\n    1 // 0\nexcept ZeroDivisionError as error:\n    pass\n"
     "print('error' in globals())", {(2, 7): 'True', (3, 0): 'False'}),
    ('bytes-on-the-wire', "`b''` is not `''`", "print(b'' == '')",
     {(2, 7): 'True', (3, 0): 'False'}),
    ('bytes-on-the-wire', "`sendall('x')` is a TypeError",
     "import socket\none, other = socket.socketpair()\n" + CAUGHT
     % ("one.sendall('x')", 'TypeError'), {(2, 7): '', (3, 0): 'error'}),
    ('bytes-formatting', "it gives `\"b'Hello'\"`", "print('%s' % b'Hello')",
     {(2, 7): 'Hello', (3, 0): "b'Hello'"}),
    ('argv-is-text', "which raises a UnicodeError",
     "import socket\n" + CAUGHT % ("socket.getaddrinfo('a' * 64 + '.invalid', 1)",
                                   'UnicodeError')
     + "except socket.error:\n    print('unknown')",
     {(2, 7): 'unknown', (3, 0): 'error'}),
    ('utf8-strict', "Python 2 decodes `ED A0 80`",
     CAUGHT % (r"b'\xed\xa0\x80'.decode('utf-8')", 'UnicodeDecodeError'),
     {(2, 7): '', (3, 0): 'error'}),
    ('struct-sizes', "`'!I'` is four bytes in network order",
     "import struct\nprint(struct.pack('!I', 1) == b'\\0\\0\\0\\1')", {(2, 7): 'True'}),
    ('integer-division', "`/` of two integers was an integer", "print(3 / 2)",
     {(2, 7): '1', (3, 0): '1.5'}),
    ('rounding', "`round(0.5)` was 1.0 and is 0", "print(round(0.5))",
     {(2, 7): '1.0', (3, 0): '0'}),
    ('rounding', "`round(2.5)` was 3.0 and is 2", "print(round(2.5))",
     {(2, 7): '3.0', (3, 0): '2'}),
    ('dict-views', "looping over it while the dictionary changes is a RuntimeError",
     "d = {1: 2, 3: 4}\n" + CAUGHT % ("for key in d.keys(): del d[key]", 'RuntimeError'),
     {(2, 7): '', (3, 0): 'error'}),
    ('sorting-mixed-types', "`None < 'x'` is a TypeError",
     CAUGHT % ("print(None < 'x')", 'TypeError'), {(2, 7): 'True', (3, 0): 'error'}),
    ('object-base', "every class has `object` at its top",
     "class Old: pass\nprint(Old.__bases__ == (object,))",
     {(2, 7): 'False', (3, 0): 'True'}),
    ('octal-literals', "`0177` was octal, and is a SyntaxError",
     CAUGHT % ("print(eval('0177'))", 'SyntaxError'), {(2, 7): '127', (3, 0): 'error'}),
    ('thread-names', "since 3.10 it is `Thread-2 (process_request_thread)`",
     "import threading\ndef process_request_thread(): pass\n"
     "thread = threading.Thread(target=process_request_thread)\n"
     "print(thread.name.partition(' ')[2])",
     {(2, 7): '', (3, 10): '(process_request_thread)'}),
    ('closed-fileno', "In Python 2 `fileno()` of a closed socket was an error",
     "import socket\nsock = socket.socket()\nsock.close()\n"
     + CAUGHT % ('print(sock.fileno())', 'socket.error'),
     {(2, 7): 'error', (3, 0): '-1'}),
    ('narrow-builds', "a text has as many bytes a character as it needs",
     "import sys\nprint(sys.version_info[0] == 2 or sys.maxunicode > 0xffff)",
     {(2, 7): 'True'}),
    ('bytes-items', "`data[0] == b'G'` is False as well", "print(b'GET'[0] == b'G')",
     {(2, 7): 'True', (3, 0): 'False'}),
    ('bytes-items', "`bytes(3)` is three zero bytes", "print(len(bytes(3)))",
     {(2, 7): '1', (3, 0): '3'}),
    ('threading-names', "`isAlive` went first, with 3.9",
     "import threading\nprint(hasattr(threading.Thread, 'isAlive'))",
     {(2, 7): 'True', (3, 9): 'False'}),
    ('children', "Since 3.3 it looks in `service_actions()`", "import sys\n"
     "s = __import__('SocketServer' if sys.version_info[0] == 2 else 'socketserver')\n"
     "print('service_actions' in vars(s.ForkingMixIn))",
     {(2, 7): 'False', (3, 3): 'True'}),
    ('thread-list', "Since 3.7 a server", "import sys\n"
     "s = __import__('SocketServer' if sys.version_info[0] == 2 else 'socketserver')\n"
     "print(getattr(s.ThreadingMixIn, 'block_on_close', False))",
     {(2, 7): 'False', (3, 7): 'True'}),
    ('lazy-map', "`if filter(…):` is always true", "print(bool(filter(None, [])))",
     {(2, 7): 'False', (3, 0): 'True'}),
    ('escapes', "in every literal without a `b` or an `r`",
     r"print(len(r'\u20ac'))", {(2, 7): '6'}),
    ('clock', "Python 2.7 has nothing like it",
     "import time\nprint(hasattr(time, 'monotonic'))", {(2, 7): 'False', (3, 3): 'True'}),
    ('text-types', "`isinstance(data, str)` was true of what came from a socket",
     "print(isinstance(b'x', str))", {(2, 7): 'True', (3, 0): 'False'}),
    ('comparison', "it compares by identity then",
     "class A(object):\n    def __cmp__(self, other): return 0\nprint(A() == A())",
     {(2, 7): 'True', (3, 0): 'False'}),
    ('reload', "it was in `imp` up to 3.11",
     CAUGHT % ("from imp import reload", 'ImportError'),
     {(2, 7): '', (3, 12): 'error'}),
    ('no-largest-integer', "`repr()` of a large number had an `L` at its end",
     "print(repr(2 ** 64)[-1])", {(2, 7): 'L', (3, 0): '6'}),
    ('stringio', "which refuses the bytes of a message",
     "import io\n" + CAUGHT % ("io.StringIO(b'x')", 'TypeError'), {(2, 7): 'error'}),
    ('backticks', "`'%s' % repr(data)` puts a `b` in front", "print('%s' % repr(b'x'))",
     {(2, 7): "'x'", (3, 0): "b'x'"}),
]
PROGRAMS = tuple(statement[2] for statement in STATEMENTS)
versions = pytest.mark.parametrize('version', interpreters.VERSIONS,
                                   ids=lambda version: 'py%d%d' % version)


def expected(since, version):
    """Return what is said by a version, given {version: what is said from then on}."""
    return [text for begin, text in sorted(since.items()) if begin <= version][-1]


@functools.lru_cache(maxsize=None)
def translations():
    """Return {old program of an example: what the living 2to3 makes of it}."""
    return {source: start.translated(source, 'example') for source in OLD}


@versions
@pytest.mark.parametrize('rule, statement, program, since', STATEMENTS,
                         ids=['%s-%d' % (item[0], number)
                              for number, item in enumerate(STATEMENTS)])
def test_what_a_rule_states_is_so(version, rule, statement, program, since):
    rule = RULES[rule]
    text = ' '.join(rule.text + list(rule.fields.values()))
    assert statement in re.sub(r'\s+', ' ', text)
    assert programs.said(version, PROGRAMS)[program] == expected(since, version)


@versions
@pytest.mark.parametrize('name', WITH_EXAMPLE)
def test_an_example_does_what_its_rule_says(version, name):
    for example in RULES[name].examples:
        printed = '\n'.join(example.printed)
        said = programs.said(version, OLD)[example.program('-')]
        if version[0] == 2:
            assert said == printed
        else:
            # Of an error the beginning is enough: the words differ with the version.
            assert said.startswith(example.said_by_the_old(version))
            assert programs.said(version, NEW)[example.program('+')] == printed


@pytest.mark.parametrize('name', WITH_EXAMPLE)
def test_2to3_does_with_an_example_what_its_rule_says(name):
    verdict = RULES[name].fields['2to3']
    for example in RULES[name].examples:
        new = translations()[example.program('-')]
        said = programs.said(PYTHON_3, tuple(translations().values()))[new]
        as_before = said.startswith(example.said_by_the_old(PYTHON_3))
        if verdict.startswith('done'):
            assert said == '\n'.join(example.printed)
        else:
            assert as_before == verdict.startswith('silent')
