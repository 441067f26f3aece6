"""What every test may use, and what every test must leave as it found it."""
import gc
import json
import os
import platform
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading

import pytest

from compat import kernel
from compat import process
from compat import trees
from tests import about
from tests import exchange
from tests import prepared
from tests.talk import Conversation

DESCRIPTORS = 4096  # more than any test needs without saying so

# From good to bad: a test that passes and then fails to clean up has two outcomes.
OUTCOMES = ('passed', 'skipped', 'xfailed', 'failed', 'error')


def pytest_addoption(parser):
    parser.addoption('--tree', metavar='DIR', help='test the port in this folder '
                     "instead of the project's own tree for the running Python")


def pytest_configure(config):
    # A shell's background job ignores SIGINT, and so would all that it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    limit_descriptors()
    if hasattr(config, 'workerinput'):
        # Tests that run at the same time must not see each other's files.
        tempfile.tempdir = tempfile.mkdtemp(prefix='worker-')
        os.environ['TMPDIR'] = tempfile.tempdir
    if config.getoption('--tree'):
        os.environ['PORT_TREE'] = os.path.abspath(config.getoption('--tree'))
    try:
        tree = trees.current_tree()
    except trees.TreeError as error:
        raise pytest.UsageError(str(error))
    if not (os.environ.get('PORT_TREE') or hasattr(config, 'workerinput')):
        compile_modules(tree)


def limit_descriptors():
    """Allow this process no more descriptors than it needs. For each child Python 2.7
    closes all that are allowed, and where that is a billion (in a container), it takes
    minutes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft > DESCRIPTORS:
        resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, hard))


def compile_modules(tree):
    """Leave bytecode beside our own modules: the children of the suite write none, and
    each of a thousand would compile them again."""
    with open(os.devnull, 'wb') as nothing:
        subprocess.call([sys.executable, '-m', 'compileall', '-q', tree.path,
                         os.path.join(trees.ROOT, 'compat')],
                        stdout=nothing, stderr=nothing)


@pytest.hookimpl(hookwrapper=True)
def pytest_make_collect_report():
    report = (yield).get_result()
    try:
        for node in report.result or []:
            if isinstance(node, pytest.Item):
                about.recipes_of(node)
    except pytest.UsageError as error:
        # Not raised: pytest-xdist would not show it.
        report.outcome, report.longrepr = 'failed', str(error)


def pytest_sessionfinish(session):
    if hasattr(session.config, 'workerinput'):
        shutil.rmtree(tempfile.tempdir)


def pytest_report_header(config):
    return 'tree: %s' % trees.current_tree().path


@pytest.fixture(scope='session')
def tree():
    """The tree under test."""
    return trees.current_tree()


@pytest.fixture
def recipe(tree):
    """A function: the name of a recipe -> its module, imported anew."""
    return lambda name: trees.load(name, tree)


@pytest.fixture
def running(tree):
    """A function: the name of a recipe (and its arguments) -> a server child,
    ready for clients. It is ended with the test."""
    servers = []

    def start(name, *args, **options):
        servers.append(process.Server(tree, name, args, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.end()


@pytest.fixture(scope='session')
def needs_argument_bytes(tree):
    """A function: a locale -> nothing; it skips the test if the tree's Python loses the
    bytes of arguments in that locale."""
    known = {}

    def check(locale):
        if locale not in known:
            known[locale] = process.keeps_argument_bytes(tree, locale)
        if not known[locale]:
            pytest.skip('this Python loses the bytes of arguments in this locale')
    return check


@pytest.fixture(scope='session')
def pythons():
    """Pythons that have begun and imported: tests.prepared.Pythons."""
    all_of_them = prepared.Pythons()
    yield all_of_them
    all_of_them.end()


@pytest.fixture
def forked(tree, pythons):
    """A function: the name of a recipe, its arguments, and statements to be run before
    -> how it has ended, in a fork of a Python that has imported it (tests.prepared). It
    is for a recipe that ends by itself."""
    def run(name, args=(), before=''):
        return pythons.run(tree, name, prepared.imported(tree, name),
                           prepared.source(tree, name, before), args)
    return run


@pytest.fixture(scope='module')
def standing_servers():
    """The servers that tests of a module share: {the name of a recipe: Server}."""
    servers = {}
    yield servers
    for server in servers.values():
        server.end()


@pytest.fixture
def standing(tree, standing_servers, request):
    """A function: the name of a recipe -> a server that other tests talk to as well:
    to start one takes longer than most tests. It is for a test that leaves the server
    as it was and does not ask what it prints. A test that fails ends it, so that the
    next one starts a new one."""
    used = set()

    def get(name):
        used.add(name)
        if name not in standing_servers:
            standing_servers[name] = process.Server(
                tree, name, env={process.MARK: 'standing'})
        return standing_servers[name]

    yield get
    for name in used & set(standing_servers):
        if request.node.failed or standing_servers[name].popen.poll() is not None:
            standing_servers.pop(name).end()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """Let fixtures know whether their test has failed."""
    report = (yield).get_result()
    item.failed = report.failed or getattr(item, 'failed', False)


@pytest.fixture
def conversation():
    """A function: the address of a stream server -> a Conversation with it.
    It is closed with the test."""
    open_ones = []

    def connect(address):
        open_ones.append(Conversation(address))
        return open_ones[-1]

    yield connect
    for one in open_ones:
        one.close()


@pytest.fixture
def folder():
    """A private folder, empty before and after the test: a socket file that is
    left behind is an error."""
    path = process.private_folder()
    yield path
    left = os.listdir(path)
    shutil.rmtree(path)
    assert left == [], 'files were left behind'


@pytest.fixture
def ask(folder):
    """A function: the name of a recipe and the address of its server -> a new client
    gets the answer that it should, and goes. See tests.exchange.ask."""
    return lambda name, address, *patience: exchange.ask(name, address, folder,
                                                         *patience)


@pytest.fixture
def listener():
    """A listening socket of the test's own on a free port of 127.0.0.1."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.settimeout(process.DEADLINE)
    sock.bind(('127.0.0.1', 0))
    sock.listen(5)
    yield sock
    sock.close()


@pytest.fixture(autouse=True)
def nothing_is_left_behind(standing_servers, pythons):
    """After a test: no child, no stray descendant, no thread, no file in the
    temporary folder, and no descriptor that was not there before. What tests share is
    none of them."""
    def shared():
        return list(standing_servers.values()) + list(pythons.waiting.values())

    def descriptors():
        return open_descriptors() - sum(map(pipes, shared()))

    def threads():
        readers = [one.readers for one in shared()]
        return set(threading.enumerate()).difference(*readers)

    def files():
        paths = [server.address for server in standing_servers.values()]
        return {name for name in os.listdir(tempfile.gettempdir()) if is_ours(name)
                and not any(name in path for path in paths)}

    def new():
        return pids() - before[0] - {one.pid for one in shared()}

    before = pids(), threads(), files(), descriptors()
    yield
    process.wait_until(lambda: not any(map(is_child, new())),
                       'no child process is left')
    try:
        process.wait_until(lambda: not any(map(is_descendant, new())),
                           'no stray process is left')
    except process.Timeout:
        for pid in filter(is_descendant, new()):  # else they would be there for ever
            os.kill(pid, signal.SIGKILL)
        raise
    process.wait_until(lambda: not threads() - before[1],
                       'no thread is left: %s' % threading.enumerate())
    assert not files() - before[2]
    process.wait_until(lambda: descriptors() <= before[3] or collect(),
                       'no descriptor is left')


def is_ours(name):
    """Whether a name in the temporary folder looks like a recipe's or a test's."""
    return name.startswith(('port-', 'recipe-'))


def pipes(child):
    """How many descriptors a child takes here."""
    ends = child.popen.stdin, child.popen.stdout, child.popen.stderr
    return sum(end is not None for end in ends)


def pids():
    """The pids of all processes, a set (Linux: /proc)."""
    return {int(name) for name in os.listdir('/proc') if name.isdigit()}


def is_child(pid):
    """Whether a process is a child of this one, running or dead and not waited for."""
    return kernel.stat(pid)[1:2] == [b'%d' % os.getpid()]


def is_descendant(pid):
    """Whether a process carries this one's mark."""
    mark = b'%s=%d' % (process.MARK.encode('ascii'), os.getpid())
    return mark in read_or_nothing('/proc/%d/environ' % pid).split(b'\0')


def read_or_nothing(path):
    try:
        with open(path, 'rb') as source:
            return source.read()
    except (IOError, OSError):
        return b''


def open_descriptors():
    """How many descriptors this process has open."""
    return len(os.listdir('/proc/self/fd'))


def collect():
    """Have PyPy close what nothing refers to; CPython has done so already."""
    if platform.python_implementation() == 'PyPy':
        gc.collect()


def pytest_terminal_summary(terminalreporter):
    """Leave the counts for the table at the end of ./toxw (study/suite/matrix.py), and
    each test's outcome for the report (study/report)."""
    path = os.environ.get('PORT_RESULTS')
    if not path:
        return
    reports = {name: terminalreporter.stats.get(name, []) for name in OUTCOMES}
    counts = {name: len(found) for name, found in reports.items()}
    counts.update(tests={report.nodeid: name for name in OUTCOMES
                         for report in reports[name]})
    counts.update(tree=trees.current_tree().name, run=os.environ.get('TOXW_RUN', ''),
                  python='%s %s' % (platform.python_implementation(),
                                    sys.version.split()[0]))
    if not os.path.isdir(os.path.dirname(path)):
        os.makedirs(os.path.dirname(path))
    with open(path, 'w') as target:
        json.dump(counts, target)
