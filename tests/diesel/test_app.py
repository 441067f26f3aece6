"""The application: what it runs, in which order, and how it ends."""
import socket

import pytest

from compat import diesel
from compat.diesel import runtime
from tests.diesel import runner
from tests.diesel.turns import settle

pytestmark = [pytest.mark.unit, pytest.mark.rule('diesel')]

PROGRAM = '''
import socket
import sys
from compat import diesel
from compat.diesel import runtime
from compat.diesel.logmod import levels
diesel.set_log_level(levels.DISABLED)
def say(text):
    sys.stdout.write(text + '\\n')
    sys.stdout.flush()
'''


@pytest.fixture
def app():
    """An Application, which is closed with the test."""
    application = diesel.Application(allow_app_replacement=True)
    yield application
    runner.close(application)
    runtime.current_app = None


@pytest.fixture
def taken(listener):
    """A port that somebody else listens on."""
    return listener.getsockname()[1]


def test_loops_are_run_in_their_order(app):
    order = []
    for name in 'abc':
        app.add_loop(diesel.Loop(order.append, name))
    app.add_loop(diesel.Loop(app.halt))
    app.run()
    assert order == ['a', 'b', 'c']


def test_a_loop_can_be_put_in_front(app):
    order = []
    app.add_loop(diesel.Loop(order.append, 'a'))
    app.add_loop(diesel.Loop(order.append, 'b'), front=True)
    app.add_loop(diesel.Loop(app.halt))
    app.run()
    assert order == ['b', 'a']


def test_a_loop_can_be_added_while_it_runs(run):
    def main():
        got = []
        runtime.current_app.add_loop(diesel.Loop(got.append, 'added'))
        before = list(got)
        diesel.sleep()
        return before, got
    assert run(main) == ([], ['added'])


def test_nothing_runs_before_run(app):
    got = []
    app.add_loop(diesel.Loop(got.append, 1))
    app.add_loop(diesel.Loop(app.halt))
    assert got == []
    app.run()
    assert got == [1]


def test_setup_is_called_before_the_loops_run():
    order = []

    class Mine(diesel.Application):
        def setup(self):
            order.append('setup')
            self.add_loop(diesel.Loop(order.append, 'from setup'))
            self.add_loop(diesel.Loop(self.halt))

    mine = Mine(allow_app_replacement=True)
    mine.add_loop(diesel.Loop(order.append, 'loop'))
    try:
        mine.run()
    finally:
        runner.close(mine)
    assert order == ['setup', 'loop', 'from setup']


def test_services_listen_when_setup_is_called():
    seen = []

    class Mine(diesel.Application):
        def setup(self):
            seen.append(service.listening)
            self.add_loop(diesel.Loop(self.halt))

    mine = Mine(allow_app_replacement=True)
    service = diesel.Service(lambda addr: None, 0, '127.0.0.1')
    mine.add_service(service)
    try:
        mine.run()
    finally:
        runner.close(mine)
    assert seen == [True]


def test_halt_does_not_return(app):
    after = []

    def halts():
        diesel.sleep()
        app.halt()
        after.append('went on')

    app.add_loop(diesel.Loop(halts))
    app.run()
    assert after == []


def test_quickstop_ends_the_application(app):
    beats = []

    def heart():
        while True:
            beats.append(1)
            if len(beats) == 3:
                diesel.quickstop()
            diesel.sleep()

    app.add_loop(diesel.Loop(heart))
    app.run()
    assert len(beats) == 3


def test_an_application_can_be_ended_for_a_reason(app):
    app.add_loop(diesel.Loop(app.global_bail('no reason')))
    app.run()


def test_nobody_can_connect_after_the_end(run):
    service = diesel.Service(lambda addr: None, 0, '127.0.0.1')
    run(diesel.sleep, service)
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        assert sock.connect_ex(('127.0.0.1', service.port)) != 0
    finally:
        sock.close()


def test_there_is_one_application_a_program(app):
    with pytest.raises(AssertionError):
        diesel.Application()


def test_an_application_may_take_the_place_of_another(app):
    other = diesel.Application(allow_app_replacement=True)
    runner.close(other)
    assert runtime.current_app is other


def test_after_its_end_there_may_be_another(run):
    run(diesel.sleep)
    assert runtime.current_app is None
    runner.close(diesel.Application())
    runtime.current_app = None


def test_is_running(run):
    assert not diesel.is_running()
    assert run(diesel.is_running) is True
    assert not diesel.is_running()


def test_quickstart_takes_loops_callables_thunks_and_lists(run):
    order = []

    def named(name):
        return lambda: order.append(name)

    run(settle, named('callable'), [named('in a list'), (named('in a tuple in it'),)],
        diesel.Thunk(lambda: diesel.Loop(named('loop of a thunk'))),
        diesel.Thunk(lambda: [named('list of a thunk')]))
    assert sorted(order) == ['callable', 'in a list', 'in a tuple in it',
                             'list of a thunk', 'loop of a thunk']


def test_what_is_in_a_list_starts_after_what_is_not(run):
    order = []

    def named(name):
        return lambda: order.append(name)

    run(settle, [named('a'), [named('b')], named('c')], named('d'))
    assert order == ['d', 'a', 'c', 'b']


def test_a_thunk_is_evaluated_when_the_application_is_there(run):
    seen = []
    diesel.Thunk(lambda: seen.append('never'))
    run(diesel.sleep,
        diesel.Thunk(lambda: seen.append(runtime.current_app is not None)))
    assert seen == [True]


def test_a_thunk_gives_what_its_function_returns():
    assert diesel.Thunk(lambda: 42).eval() == 42


def test_a_service_on_port_0_knows_its_port(run):
    service = diesel.Service(lambda addr: None, 0, '127.0.0.1')
    before = service.port, service.listening
    run(diesel.sleep, service)
    assert before == (0, False)
    assert service.port > 0


def test_a_service_listens_while_the_application_runs(run):
    service = diesel.Service(lambda addr: None, 0, '127.0.0.1')

    def main():
        return (service.listening, service.application is runtime.current_app,
                service.sock.getsockname() == ('127.0.0.1', service.port))
    assert run(main, service) == (True, True, True)


def test_a_service_can_be_added_while_it_runs(run, conversation):
    service = diesel.Service(lambda addr: diesel.send(b'hello'), 0, '127.0.0.1')

    def main():
        runtime.current_app.add_service(service)
        try:
            return diesel.thread(conversation(('127.0.0.1', service.port)).read_all)
        finally:
            service.sock.close()
    assert run(main) == b'hello'


def test_two_services_have_their_own_handlers(run, conversation):
    def saying(name):
        return diesel.Service(lambda addr: diesel.send(name), 0, '127.0.0.1')

    services = [saying(b'a'), saying(b'b')]

    def main():
        return [diesel.thread(conversation(('127.0.0.1', service.port)).read_all)
                for service in services]
    assert run(main, *services) == [b'a', b'b']


def test_a_handler_that_has_on_service_init_gets_its_service():
    class Handler(object):
        service = None

        def on_service_init(self, service):
            self.service = service
            self.port = service.port

        def __call__(self, addr):
            pass

    handler = Handler()
    service = diesel.Service(handler, 7000, '127.0.0.1')
    assert handler.service is service
    assert handler.port == 7000


def test_a_port_that_is_taken_is_an_error(forked_program, taken):
    child = forked_program(PROGRAM + '''
try:
    diesel.quickstart(diesel.Service(lambda addr: None, %d, '127.0.0.1'))
except socket.error:
    say('cannot bind')
''' % taken)
    assert (child.lines, child.returncode) == (['cannot bind'], 0)


def test_a_port_that_is_taken_is_logged(forked_program, taken):
    child = forked_program(
        'from compat import diesel\n'
        'diesel.quickstart(diesel.Service(abs, %d, "127.0.0.1"))' % taken)
    assert b'CRITICAL|service at 127.0.0.1:%d cannot bind: ' % taken in child.stderr
    assert child.returncode == 1


def test_sys_exit_in_a_loop_ends_the_program_with_its_status(forked_program):
    child = forked_program(PROGRAM + 'diesel.quickstart(lambda: sys.exit(3))')
    assert (child.returncode, child.stderr) == (3, b'')


def test_ctrl_c_ends_the_application_and_the_program_goes_on(forked_program):
    child = forked_program(PROGRAM + '''
import os, signal
def main():
    os.kill(os.getpid(), signal.SIGINT)
    diesel.sleep(20)
diesel.quickstart(main)
say('after')
''')
    assert (child.lines, child.returncode) == (['after'], 0)
    assert child.stderr == b''


def test_a_program_goes_on_after_the_end_of_its_application(forked_program):
    child = forked_program(PROGRAM + '''
def main():
    diesel.sleep(0.01)
    say('in a loop')
    diesel.quickstop()
diesel.quickstart(main)
say('after')
''')
    assert (child.lines, child.returncode) == (['in a loop', 'after'], 0)


def test_an_application_holds_its_loops_while_they_run(run):
    def main():
        loops = [diesel.fork(diesel.wait, 'the end') for _ in range(5)]
        diesel.sleep()
        before = [loop in runtime.current_app.running for loop in loops]
        diesel.fire('the end')
        settle()
        return before, [loop in runtime.current_app.running for loop in loops]
    assert run(main) == ([True] * 5, [False] * 5)
