"""Classic mistakes of porting, and the rule that `study check` names for each.

    ./toxw run -e mistakes      (python -m study.suite.mistakes [RECIPE ...])

Each mistake is made alone, in a copy of py3/, and the tests of its recipe are run
against the copy. The exit status is 1 if a mistake passes, or if the first rule that is
named is not its own.
"""
import collections
import os
import shutil
import sys
import tempfile

from compat import trees
from study.rulebook import findings
from study.rulebook import rules
from study.suite import suite

Mistake = collections.namedtuple('Mistake', 'what rule recipe old new')

FORKING, THREADING = 'forking_mixin_socket_server', 'threading_mixin_socket_server'
CHAT, WEB = 'chat_server_with_select', 'simple_web_server_with_epoll'
MATRIX, TCP = 'server_matrix', 'tcp_server'

MISTAKES = [
    Mistake('print of a bytes repr', 'text-for-the-screen', FORKING,
            "return data.decode('latin-1').encode('unicode_escape').decode('ascii')",
            'return data'),
    Mistake('reply built with "%s" % bytes', 'bytes-formatting', FORKING,
            "b'%d: %s' % (current_process_id, data)",
            "('%d: %s' % (current_process_id, data)).encode('utf-8')"),
    Mistake('ASCII instead of UTF-8', 'bytes-on-the-wire', CHAT,
            "data = text.encode('utf-8')", "data = text.encode('ascii')"),
    Mistake('native-size struct format', 'struct-sizes', CHAT, "'!I'", "'L'"),
    Mistake('recv once instead of until complete', 'bytes-on-the-wire', TCP,
            "            reply += data\n", "            reply += data\n            break\n"),
    Mistake('fileno() after close()', 'closed-fileno', WEB,
            "        self.deadlines[connection.state].pop(connection, None)\n"
            "        del self",
            "        self.deadlines[connection.state].pop(connection, None)\n"
            "        connection.sock.close()\n        del self"),
    Mistake('unregister after close()', 'closed-fileno', CHAT,
            "        self.watch(sock, False, False)\n        sock.close()\n\n\nclass",
            "        sock.close()\n        self.watch(sock, False, False)\n\n\nclass"),
    Mistake('text-mode newline changes', 'newlines', CHAT,
            "data = os.read(0, BUF_SIZE)",
            "data = os.read(0, BUF_SIZE).replace(b'\\r\\n', b'\\n')"),
    Mistake('one slash in the frame length', 'integer-division', CHAT,
            "MAX_FRAME // 16", "MAX_FRAME / 16"),
    Mistake('keys() changed while looping', 'dict-views', CHAT,
            "list(self.members.keys())", "self.members.keys()"),
    Mistake('sorted of None and text', 'sorting-mixed-types', CHAT,
            "member.name or ''", "member.name"),
    Mistake("the thread's name as it is", 'thread-names', THREADING,
            "threading.current_thread().name.split()[0]",
            "threading.current_thread().name"),
    Mistake('server.socket.close()', 'server-close', FORKING,
            "server.server_close()", "server.socket.close()"),
    Mistake('the exception after its block', 'exception-variable', CHAT,
            "except OSError as caught:\n            error = caught\n",
            "except OSError as error:\n"),
    Mistake('the exception after its block', 'exception-variable', WEB,
            "except OSError as caught:\n            error = caught\n",
            "except OSError as error:\n"),
    Mistake('ForkingMixIn after TCPServer', 'mix-in-first', FORKING,
            "socketserver.ForkingMixIn, socketserver.TCPServer",
            "socketserver.TCPServer, socketserver.ForkingMixIn"),
    Mistake('text compared with bytes', 'bytes-on-the-wire', WEB,
            "b'close' not in options", "'close' not in options"),
    Mistake('length of the text, not of the bytes', 'bytes-on-the-wire', WEB,
            "% len(body)]", "% len(text)]"),
    Mistake('connections dropped while looping', 'dict-views', WEB,
            "list(self.connections.values())", "self.connections.values()"),
    Mistake('round()', 'rounding', MATRIX,
            "math.floor(seconds / SERVICE_TIME + 0.5)",
            "int(round(seconds / SERVICE_TIME))"),
    Mistake('output in the locale\'s encoding', 'stdin-and-stdout', CHAT,
            "sys.stdout.buffer.write(harmless(text).encode('utf-8') + b'\\n')",
            "sys.stdout.write(harmless(text) + '\\n')"),
]


def made(mistake, folder):
    """Make a mistake in a new copy of py3/ and return the copy's path."""
    copy = os.path.join(folder, 'py3')
    shutil.copytree(trees.named('py3').path, copy,
                    ignore=shutil.ignore_patterns('__pycache__'))
    path = os.path.join(copy, mistake.recipe + '.py')
    with open(path, encoding='utf-8') as source:
        text = source.read()
    if text.count(mistake.old) != 1:
        sys.exit('mistakes: not once in %s: %r' % (mistake.recipe, mistake.old))
    with open(path, 'w', encoding='utf-8') as target:
        target.write(text.replace(mistake.old, mistake.new))
    return copy


def first_finding(mistake, found):
    """Return what `study check` says first about a mistake, a findings.Finding, or
    None if no test fails. found is all rules."""
    folder = tempfile.mkdtemp()
    try:
        tree = trees.Tree(made(mistake, folder))
        result = suite.run(tree, [mistake.recipe])[0]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return next(iter(findings.ranked(result.ran, found)), None)


def verdict(mistake, finding):
    """Return whether the right rule was named, and words that say so."""
    if finding is None:
        return False, 'NOT FOUND'
    named = finding.rule.id if finding.rule else 'no rule'
    right = named == mistake.rule
    words = named if right else 'NOT %s, but %s' % (mistake.rule, named)
    return right, '%s, by %s' % (words, finding.tests[0].name)


def main(recipes):
    found, wrong = rules.load(), 0
    for mistake in MISTAKES:
        if recipes and mistake.recipe not in recipes:
            continue
        right, words = verdict(mistake, first_finding(mistake, found))
        wrong += not right
        print('%-38s %-30s\n    %s' % (mistake.what, mistake.recipe, words), flush=True)
    sys.exit('mistakes: %d not named' % wrong if wrong else 0)


if __name__ == '__main__':
    main(sys.argv[1:])
