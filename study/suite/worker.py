"""A fork of pytest that runs the tests it is told to, one after the other.

It writes one JSON object for each test: {"id", "outcome"}, and where the test has not
passed its "message", the whole "text", what the test and its programs have "said" on
stderr, and whether an assertion of the suite failed, "asserted".
"""
import json
import os
import resource
import sys
import tempfile

from compat import process
from compat import trees

ROOM = 100000  # characters of a text that are kept
# The test runs another recipe too, and says nothing about one that is not ported yet.
NOT_THERE = 'compat.trees.TreeError: no recipe '
FILE = 2 ** 26  # bytes of a file, such as the one that catches what a test prints


def work(items, sock):
    """Run tests until the other end of a socket is closed. Each line that it sends is
    the number of the next test in items."""
    settle()
    let_go(items[0].config.getoption('--study-fd'))
    leader, reports = os.getpid(), Reports(items[0].config)
    with sock.makefile('rw', encoding='utf-8') as stream:
        for line in stream:
            item = items[int(line)]
            reports.begin(item.nodeid)
            try:
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
            except BaseException as error:  # it was meant for the whole of pytest
                reports.broken = 'it has ended the run of the tests: %r' % error
            if os.getpid() != leader:
                return  # a fork of the port that came back: it has nothing to report
            stream.write(json.dumps(reports.end()) + '\n')
            stream.flush()


def settle():
    """Make this process one that tests can run in, and that can be ended with all that
    it starts: a session of its own, and a folder of its own for temporary files."""
    os.setsid()
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE, FILE))
    tempfile.tempdir = os.environ['TMPDIR'] = tempfile.mkdtemp(prefix='worker-')
    sys.dont_write_bytecode = True  # nothing of ours in the folder of the port


def let_go(descriptor):
    """Have a descriptor lead nowhere: while anybody holds the pipe of the results, its
    reader waits for more, and the port may leave processes behind."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


class Reports:
    """Listens to pytest, and to what the children of a test write."""

    def __init__(self, config):
        # Forks share the file into which pytest catches output: begin a new one.
        capture = config.pluginmanager.getplugin('capturemanager')
        capture.stop_global_capturing()
        capture.start_global_capturing()
        config.pluginmanager.register(self, 'study-reports')
        self.children = []
        self.listen()

    def listen(self):
        """Remember the children that a test starts."""
        start, children = process.Child.__init__, self.children

        def start_and_tell(child, *args, **options):
            children.append(child)
            start(child, *args, **options)
        process.Child.__init__ = start_and_tell

    def begin(self, name):
        self.name, self.result, self.broken, self.said = name, None, None, []
        del self.children[:]

    def pytest_runtest_logreport(self, report):
        """A test has three phases; the first that does not pass counts."""
        if not report.passed and self.result is None:
            self.result = result(report)
        self.said += [text for title, text in report.sections
                      if title.startswith('Captured std') and text not in self.said]

    def end(self):
        """Return what to write about the test."""
        if self.broken:
            return failed(self.name, self.broken)
        if self.result is None:
            return {'id': self.name, 'outcome': 'passed'}
        said = self.said + [(child.stdout + child.stderr).decode('utf-8', 'replace')
                            for child in self.children]
        return dict(self.result, said=cut('\n'.join(said)))


def failed(name, message):
    """Return what to write about a test that pytest has no report of."""
    return {'id': name, 'outcome': 'failed', 'message': message,
            'text': 'E   ' + message, 'said': '', 'asserted': False}


def cut(text):
    """Return a text without its middle, if it is too long."""
    if len(text) <= ROOM:
        return text
    return text[:ROOM // 2] + '\n[...]\n' + text[-ROOM // 2:]


def result(report):
    """Return what to write about a test that was skipped or failed."""
    text = report.longreprtext
    if report.skipped and isinstance(report.longrepr, tuple):
        return {'id': report.nodeid, 'outcome': 'skipped', 'text': '',
                'message': report.longrepr[2].removeprefix('Skipped: ')}
    crash = getattr(report.longrepr, 'reprcrash', None)
    message = crash.message if crash else text.strip().rpartition('\n')[2]
    if message.startswith(NOT_THERE):
        return {'id': report.nodeid, 'outcome': 'skipped', 'text': '',
                'message': message.partition(': ')[2]}
    return {'id': report.nodeid, 'outcome': report.outcome, 'message': cut(message),
            'text': cut(text), 'asserted': bool(crash) and is_assertion(crash)}


def is_assertion(crash):
    """Return whether a failure is an assertion of the suite itself, and neither an
    error on the way there nor a wait in vain."""
    tests = os.path.join(trees.ROOT, 'tests', '')
    return (os.path.abspath(crash.path).startswith(tests)
            and crash.message.startswith(('assert ', 'AssertionError')))
