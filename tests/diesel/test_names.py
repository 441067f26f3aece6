"""Every name that programs import is there."""
import importlib

import pytest

from compat import diesel
from tests.diesel.test_more_than_the_original import guaranteed

pytestmark = [pytest.mark.unit, pytest.mark.rule('diesel')]

TOP = '''
    Application Service UDPService Loop Thunk quickstart quickstop Client UDPClient
    call until until_eol receive datagram send sleep fork fork_child
    fork_from_thread thread first wait fire signal label log loglevels
    set_log_level is_running Connection UDPSocket resolve_dns_name
    ConnectionClosed ClientConnectionClosed ClientConnectionError
    ParentDiedException TerminateLoop ExistingSignalHandler DNSResolutionError
'''.split()

MODULES = {
    'app': 'Application ApplicationEnd Service UDPService Thunk quickstart quickstop',
    'buffer': 'BufAny Buffer',
    'client': 'Client UDPClient',
    'core': 'Loop Connection UDPSocket Datagram ContinueNothing CRLF BUFSIZ call until '
            'until_eol receive datagram send sleep fork fork_child fork_from_thread '
            'thread first wait fire signal label current_loop ConnectionClosed '
            'ClientConnectionClosed ClientConnectionError ClientConnectionTimeout '
            'LoopKeepAlive ParentDiedException TerminateLoop',
    'events': 'Waiter StringWaiter WaitPool EarlyValue StaticValue StopWaitDispatch',
    'hub': 'EventHub Timer ExistingSignalHandler',
    'logmod': 'log levels set_log_level',
    'pipeline': 'Pipeline PipelineClosed PipelineCloseRequest',
    'resolver': 'resolve_dns_name DNSResolutionError DNS_CACHE_TIME cache',
    'runtime': 'current_app is_running',
}


@pytest.mark.parametrize('name', TOP)
def test_a_name_stands_at_the_top(name):
    assert hasattr(diesel, name)


@pytest.mark.parametrize('module', sorted(MODULES))
def test_a_module_has_its_names(module):
    found = importlib.import_module('compat.diesel.' + module)
    assert [name for name in MODULES[module].split() if not hasattr(found, name)] == []


@pytest.mark.parametrize('module', sorted(MODULES))
def test_a_module_is_there_with_the_package(module):
    assert getattr(diesel, module).__name__.endswith('diesel.' + module)


@pytest.mark.parametrize('imports', [
    'from compat import diesel',
    'import compat.diesel\nfrom compat import diesel',
    'import compat.diesel.util.queue\nfrom compat import diesel',
    'from compat.diesel.util.queue import Queue\nfrom compat import diesel'],
    ids=['the package', 'import', 'one module', 'a name'])
def test_modules_are_there_without_an_import_of_their_own(program, imports):
    child = program(imports + """
for name in ('util.queue.Queue', 'util.pool.ConnectionPool', 'util.lock.Lock',
             'util.event.Event', 'core.Loop', 'runtime.is_running', 'protocols'):
    found = diesel
    for part in name.split('.'):
        found = getattr(found, part)
""")
    assert (child.stderr, child.wait()) == (b'', 0)


@guaranteed('absent modules are explained')
@pytest.mark.parametrize('module', [
    'console', 'dnosetests', 'interactive', 'protocols.DNS', 'protocols.dreadlock',
    'protocols.irc', 'protocols.mongodb', 'protocols.nitro', 'protocols.pg',
    'protocols.redis', 'protocols.riak', 'protocols.riak_palm', 'protocols.zeromq',
    'util.debugtools', 'util.patches'])
def test_a_module_that_is_not_there_says_what_to_use(module):
    with pytest.raises(ImportError) as caught:
        importlib.import_module('compat.diesel.' + module)
    text = str(caught.value)
    assert text.startswith('compat.diesel.%s is not there on Python 3; use ' % module)
    assert '\n' not in text


def test_a_name_is_the_same_thing_wherever_it_is_imported_from():
    from compat.diesel import app, client, core, hub, resolver, runtime
    assert diesel.Application is app.Application
    assert diesel.Client is client.Client
    assert diesel.Loop is core.Loop
    assert diesel.ConnectionClosed is core.ConnectionClosed
    assert diesel.ExistingSignalHandler is hub.ExistingSignalHandler
    assert diesel.DNSResolutionError is resolver.DNSResolutionError
    assert diesel.is_running is runtime.is_running


def test_a_line_ends_in_carriage_return_and_newline():
    from compat.diesel import core
    assert core.CRLF == b'\r\n'


def test_the_current_loop_and_application_are_found_in_their_modules(run):
    from compat.diesel import core, runtime

    def main():
        loops = [core.current_loop]
        diesel.fork(lambda: loops.append(core.current_loop))
        diesel.sleep()
        return (core.current_loop is loops[0] is not loops[1],
                loops[0].app is runtime.current_app,
                loops[0].hub is runtime.current_app.hub)
    assert run(main) == (True, True, True)


@pytest.mark.parametrize('names', [
    'ConnectionClosed ClientConnectionClosed ClientConnectionError',
    'ParentDiedException TerminateLoop ExistingSignalHandler DNSResolutionError'],
    ids=['of connections', 'of loops'])
def test_errors_are_exceptions(names):
    for name in names.split():
        assert issubclass(getattr(diesel, name), Exception)


def test_a_service_has_a_backlog():
    assert diesel.Service.LQUEUE_SIZ == 500
