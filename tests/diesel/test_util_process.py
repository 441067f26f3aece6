"""Functions in processes of their own: results, errors, ends."""
import os
import signal
import sys
import time

import pytest

from compat import diesel
from compat.diesel.util.event import Countdown
from compat.diesel.util.process import (
    ConflictingCall, NoSubProcesses, ProcessPool, spawn, term)
from compat.process import run as run_child
from compat.process import wait_until
from tests.diesel import turns

pytestmark = pytest.mark.rule('diesel')
LONG = 10  # seconds: never reached


def end(*processes):
    """End processes, wait for that, and return their exit statuses."""
    statuses = []
    for process in processes:
        term(process)
        process.pipe.close()
        diesel.thread(process.proc.join)
        statuses.append(process.proc.exitcode)
        # It has a descriptor as long as anything refers to it.
        process.proc = None
    return statuses


def result(function, *args, **kw):
    """What one call returns in a process of its own."""
    process = spawn(function)
    try:
        return process(*args, **kw)
    finally:
        end(process)


def divide(dividend, divisor=1):
    return dividend // divisor


def same(value):
    return value


class Refusal(Exception):
    """An exception that can be pickled."""


def refuse(*args):
    raise Refusal(*args)


@pytest.mark.unit
def test_a_call_returns_what_the_function_returns(run):
    assert run(lambda: result(divide, 12, 4)) == 3


@pytest.mark.unit
def test_arguments_can_have_names(run):
    assert run(lambda: result(divide, 12, divisor=6)) == 2


@pytest.mark.unit
def test_the_function_runs_in_another_process(run):
    pid = run(lambda: result(os.getpid))
    assert pid not in (None, os.getpid())


@pytest.mark.unit
def test_one_process_serves_many_calls(run):
    def main():
        process = spawn(lambda number: (number, os.getpid()))
        try:
            return [process(number) for number in range(20)], process.proc.pid
        finally:
            end(process)
    answers, pid = run(main)
    assert answers == [(number, pid) for number in range(20)]


@pytest.mark.unit
def test_a_function_needs_no_name(run):
    factor = 7
    assert run(lambda: result(lambda number: number * factor, 6)) == 42


@pytest.mark.unit
def test_a_process_remembers_what_the_parent_does_not_see(run):
    seen = []

    def remember(item):
        seen.append(item)
        return list(seen)

    def main():
        process = spawn(remember)
        try:
            return process('a'), process('b')
        finally:
            end(process)
    assert run(main) == (['a'], ['a', 'b'])
    assert seen == []


@pytest.mark.unit
def test_bytes_come_back_as_they_were(run):
    data = bytes(bytearray(range(256)))
    assert run(lambda: result(same, data)) == data


@pytest.mark.unit
def test_text_comes_back_as_it_was(run):
    assert run(lambda: result(same, u'caf\xe9 \u20ac')) == u'caf\xe9 \u20ac'


@pytest.mark.unit
def test_none_is_a_result(run):
    assert run(lambda: result(same, None)) is None


@pytest.mark.unit
def test_a_megabyte_goes_there_and_back(run):
    data = os.urandom(1 << 20)
    assert run(lambda: result(same, data)) == data


@pytest.mark.unit
def test_other_loops_run_while_a_process_works(run):
    def main():
        reader, writer = os.pipe()

        def other():
            turns.settle()
            os.write(writer, b'awake')
        diesel.fork(other)
        try:
            return result(os.read, reader, 5)
        finally:
            os.close(reader)
            os.close(writer)
    assert run(main) == b'awake'


@pytest.mark.unit
def test_two_processes_work_at_the_same_time(run):
    def main():
        reader, writer = os.pipe()
        to_write, to_read = spawn(os.write), spawn(os.read)
        answers, countdown = [], Countdown(2)

        def call(process, *args):
            answers.append(process(*args))
            countdown.tick()
        try:
            diesel.fork(call, to_read, reader, 5)   # waits for the other
            diesel.fork(call, to_write, writer, b'hello')
            countdown.wait(LONG)
            return answers
        finally:
            end(to_write, to_read)
            os.close(reader)
            os.close(writer)
    answers = run(main)
    assert sorted(map(str, answers)) == sorted(map(str, [b'hello', 5]))


@pytest.mark.unit
def test_an_exception_of_the_function_is_raised_where_it_is_called(run):
    with pytest.raises(Refusal) as caught:
        run(lambda: result(refuse, 'no', 7))
    assert caught.value.args == ('no', 7)


@pytest.mark.unit
def test_an_exception_tells_where_it_was_raised(run):
    with pytest.raises(Refusal) as caught:
        run(lambda: result(refuse))
    assert 'in refuse' in caught.value.original_traceback


@pytest.mark.unit
def test_a_process_goes_on_after_an_exception(run):
    def main():
        process = spawn(divide)
        try:
            with pytest.raises(ZeroDivisionError):
                process(1, 0)
            return process(4, 2)
        finally:
            end(process)
    assert run(main) == 2


@pytest.mark.unit
def test_wrong_arguments_are_an_exception_of_the_call(run):
    with pytest.raises(TypeError):
        run(lambda: result(divide))


@pytest.mark.unit
def test_a_result_that_cannot_be_pickled_is_an_exception_of_the_call(run):
    def main():
        process = spawn(lambda number: (lambda: 1) if number else 'pickled')
        try:
            with pytest.raises(Exception, match='pickle|local object'):
                process(1)
            return process(0)
        finally:
            end(process)
    assert run(main) == 'pickled'


@pytest.mark.unit
def test_a_process_that_is_at_work_refuses_another_call(run):
    def main():
        reader, writer = os.pipe()
        process, got = spawn(os.read), []
        done = Countdown(1)

        def call():
            got.append(process(reader, 3))
            done.tick()
        try:
            diesel.fork(call)
            diesel.sleep()
            with pytest.raises(ConflictingCall):
                process(reader, 3)
            os.write(writer, b'onetwo')
            done.wait(LONG)
            return got, process(reader, 3)
        finally:
            end(process)
            os.close(reader)
            os.close(writer)
    assert run(main) == ([b'one'], b'two')


@pytest.mark.unit
def test_the_function_reads_nothing_from_stdin(run):
    assert run(lambda: result(lambda: sys.stdin.read())) == ''


@pytest.mark.unit
def test_what_the_function_writes_goes_where_the_program_writes(run, capfd):
    def main():
        result(os.write, 1, b'to stdout\n')
        result(os.write, 2, b'to stderr\n')
    run(main)
    assert capfd.readouterr() == ('to stdout\n', 'to stderr\n')


@pytest.mark.unit
def test_nothing_is_written_when_processes_come_and_go(run, capfd):
    run(lambda: result(divide, 1))
    assert capfd.readouterr() == ('', '')


@pytest.mark.unit
def test_a_process_that_is_terminated_has_ended_with_a_signal(run):
    def main():
        return end(spawn(divide))
    assert run(main) == [-signal.SIGTERM]


@pytest.mark.unit
def test_a_process_that_is_terminated_while_it_works_has_ended_too(run):
    def main():
        reader, writer = os.pipe()

        def work():
            os.write(writer, b'.')
            time.sleep(LONG * 10)
        process = spawn(work)
        try:
            diesel.fork(process)
            diesel.thread(os.read, reader, 1)
        finally:
            statuses = end(process)
            os.close(reader)
            os.close(writer)
        return statuses
    assert run(main) == [-signal.SIGTERM]


def exit_status(run, function, *args):
    """The exit status of a process that a call has ended, and what another says
    after that."""
    def main():
        other, process = spawn(divide), spawn(function)
        diesel.fork(process, *args)
        turns.wait_until(lambda: process.pipe.closed, 'the process has ended')
        diesel.thread(process.proc.join)
        status, process.proc = process.proc.exitcode, None
        try:
            return status, other(6, 2)
        finally:
            end(other)
    return run(main)


@pytest.mark.unit
def test_a_function_that_exits_ends_its_process_and_no_other(run):
    status, other = exit_status(run, sys.exit, 3)
    assert status in (0, -signal.SIGTERM)  # the real library may be quicker
    assert other == 3


@pytest.mark.unit
def test_a_process_that_is_killed_leaves_the_others_alone(run):
    def kill_myself():
        os.kill(os.getpid(), signal.SIGKILL)
    assert exit_status(run, kill_myself) == (-signal.SIGKILL, 3)


PROGRAM = """
import os, sys
from compat import diesel
from compat.diesel.util.process import spawn

def main():
    sys.stdout.write('%d\\n' % spawn(os.getpid)())
    diesel.quickstop()

diesel.quickstart(main)
"""


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


@pytest.mark.script
def test_a_process_ends_with_the_program(tree):
    program = run_child(tree, 'a program', command=['-c', PROGRAM])
    wait_until(lambda: not is_alive(int(program.stdout)), 'the process ends')
    assert program.returncode == 0


def start(pool):
    """Start the processes of a pool; return the pool."""
    pool.pool()
    return pool


@pytest.mark.unit
def test_a_pool_returns_what_the_function_returns(run):
    def main():
        pool = start(ProcessPool(2, divide))
        try:
            return [pool(number, divisor=2) for number in range(6)]
        finally:
            end(*pool.all_procs)
    assert run(main) == [0, 0, 1, 1, 2, 2]


@pytest.mark.unit
def test_calls_wait_until_a_process_of_the_pool_is_free(run):
    def main():
        pool = start(ProcessPool(2, lambda number: (number, os.getpid())))
        answers, countdown = [], Countdown(10)

        def call(number):
            answers.append(pool(number))
            countdown.tick()
        try:
            for number in range(10):
                diesel.fork(call, number)
            countdown.wait(LONG)
        finally:
            end(*pool.all_procs)
        pids = set(pid for _, pid in answers)
        return sorted(number for number, _ in answers), len(pids)
    assert run(main) == (list(range(10)), 2)


@pytest.mark.unit
def test_an_exception_gives_the_process_back_to_the_pool(run):
    def main():
        pool = start(ProcessPool(1, divide))
        try:
            for _ in range(3):
                with pytest.raises(ZeroDivisionError):
                    pool(1, 0)
            return pool(4, 2)
        finally:
            end(*pool.all_procs)
    assert run(main) == 2


@pytest.mark.unit
def test_a_pool_that_was_not_started_says_so(run):
    with pytest.raises(NoSubProcesses):
        run(lambda: ProcessPool(2, divide)(1))


@pytest.mark.unit
def test_the_processes_of_a_pool_can_be_started_beside_the_program(run):
    pool = ProcessPool(2, divide)

    def main():
        diesel.sleep()
        try:
            return pool(6, 3)
        finally:
            end(*pool.all_procs)
    assert run(main, pool.pool) == 2
