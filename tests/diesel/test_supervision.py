"""Supervision: what the end of a loop means for its children and for itself."""
import time

import pytest

from compat import diesel
from compat.diesel import runtime
from tests.diesel.turns import settle, wait_for_restarts, wait_until

pytestmark = [pytest.mark.unit, pytest.mark.rule('diesel')]


def mourner(log):
    """The body of a child that notes what ends it."""
    try:
        diesel.sleep(60)
    except diesel.ParentDiedException:
        log.append('parent died')
        raise


def fails():
    raise ValueError('in the parent')


def terminates():
    raise diesel.TerminateLoop()


@pytest.mark.parametrize('end', [diesel.sleep, fails, terminates],
                         ids=['returns', 'raises', 'terminates'])
def test_a_child_hears_of_the_end_of_its_parent(run, end):
    def main():
        log = []

        def parent():
            diesel.fork_child(mourner, log)
            diesel.sleep()
            end()

        diesel.fork(parent)
        settle()
        return log
    assert run(main) == ['parent died']


def test_a_child_that_does_not_mind_is_ended_by_it(run):
    def main():
        children = []

        def parent():
            children.append(diesel.fork_child(diesel.sleep, 60))
            diesel.sleep()

        diesel.fork(parent)
        settle()
        return children[0].running, children[0].deaths
    assert run(main) == (False, 1)


def test_all_children_hear_of_it(run):
    def main():
        log = []

        def parent():
            for _ in range(50):
                diesel.fork_child(mourner, log)
            diesel.sleep()

        diesel.fork(parent)
        settle()
        return log
    assert run(main) == ['parent died'] * 50


def test_grandchildren_die_too(run):
    def main():
        log = []

        def child():
            diesel.fork_child(mourner, log)
            mourner(log)

        def parent():
            diesel.fork_child(child)
            diesel.sleep()
            diesel.sleep()

        diesel.fork(parent)
        settle()
        return log
    assert run(main) == ['parent died'] * 2


def test_a_loop_that_is_no_child_outlives_its_maker(run):
    def main():
        log = []

        def maker():
            diesel.fork(mourner, log)
            diesel.sleep()

        diesel.fork(maker)
        settle()
        return log
    assert run(main) == []


def test_a_parent_outlives_its_children(run):
    def main():
        diesel.fork_child(fails)
        diesel.fork_child(diesel.sleep)
        settle()
        return 'alive'
    assert run(main) == 'alive'


def test_parent_and_child_know_each_other(run):
    def main():
        pairs = []

        def parent():
            child = diesel.fork_child(diesel.sleep, 60)
            pairs.append((loop, child))
            diesel.sleep()
            diesel.sleep()

        loop = diesel.fork(parent)
        diesel.sleep()
        (the_parent, child), = pairs
        return child.parent is the_parent, child in the_parent.children
    assert run(main) == (True, True)


def test_a_parent_forgets_a_child_that_has_ended(run):
    def main():
        seen = []

        def parent():
            diesel.fork_child(lambda: None)
            seen.append(len(loop.children))
            diesel.sleep()
            seen.append(len(loop.children))

        loop = diesel.fork(parent)
        settle()
        return seen
    assert run(main) == [1, 0]


def test_a_child_may_go_on_after_the_news(run):
    def main():
        log = []

        def child():
            try:
                diesel.sleep(60)
            except diesel.ParentDiedException:
                diesel.sleep(0.02)
                log.append('finished its work')

        def parent():
            diesel.fork_child(child)
            diesel.sleep()

        diesel.fork(parent)
        wait_until(lambda: log, 'the child finishes its work')
        return log
    assert run(main) == ['finished its work']


def test_a_child_that_waits_for_an_event_hears_of_it(run):
    def main():
        log = []

        def child():
            try:
                diesel.wait('never')
            except diesel.ParentDiedException:
                log.append('parent died')

        def parent():
            diesel.fork_child(child)
            diesel.sleep()

        diesel.fork(parent)
        settle()
        diesel.fire('never')
        settle()
        return log
    assert run(main) == ['parent died']


def test_a_child_that_has_not_begun_is_not_told(run):
    def main():
        log = []

        def parent():
            diesel.fork_child(log.append, 'ran')

        diesel.fork(parent)
        settle()
        return log
    assert run(main) == ['ran']


@pytest.mark.parametrize('end', [diesel.sleep, fails, terminates],
                         ids=['returns', 'raises', 'terminates'])
def test_keep_alive_starts_a_loop_again_after_half_a_second(run, end):
    def main():
        starts = []

        def worker():
            starts.append(time.time())
            if len(starts) == 1:
                return end()
            diesel.sleep(60)

        loop = diesel.Loop(worker)
        runtime.current_app.add_loop(loop, keep_alive=True)
        wait_until(lambda: len(starts) > 1, 'the loop is started again')
        return starts[1] - starts[0], loop.deaths, loop.running
    pause, deaths, running = run(main)
    assert pause > 0.45
    assert (deaths, running) == (1, True)


def test_a_loop_that_is_not_kept_alive_stays_dead(run):
    def main():
        starts = []
        runtime.current_app.add_loop(diesel.Loop(starts.append, 1))
        wait_for_restarts()
        return starts
    assert run(main) == [1]


def test_a_kept_alive_loop_keeps_its_arguments(run):
    def main():
        seen = []
        loop = diesel.Loop(lambda *args, **kw: seen.append((args, kw)), 1, two=2)
        runtime.current_app.add_loop(loop, keep_alive=True)
        wait_until(lambda: len(seen) > 1, 'the loop is started again')
        return seen
    assert run(main) == [((1,), {'two': 2})] * 2


def test_a_kept_alive_child_stays_dead_when_its_parent_dies(run):
    def main():
        starts = []

        def child():
            starts.append(1)
            diesel.sleep(60)

        def parent():
            diesel.fork_child(child).keep_alive = True
            diesel.sleep()

        diesel.fork(parent)
        wait_for_restarts()
        return starts
    assert run(main) == [1]


def test_a_child_that_was_started_again_is_still_a_child(run):
    def main():
        log, starts = [], []

        def child():
            starts.append(1)
            if len(starts) == 2:
                mourner(log)

        def parent():
            diesel.fork_child(child).keep_alive = True
            wait_until(lambda: len(starts) > 1, 'the child is started again')

        diesel.fork(parent)
        wait_until(lambda: log, 'the child hears of the death')
        return log
    assert run(main) == ['parent died']


def test_the_children_of_a_kept_alive_loop_die_each_time(run):
    def main():
        log = []

        def parent():
            diesel.fork_child(mourner, log)
            diesel.sleep()

        runtime.current_app.add_loop(diesel.Loop(parent), keep_alive=True)
        wait_until(lambda: len(log) > 1, 'both children hear of the death')
        return log
    assert run(main) == ['parent died'] * 2


def test_the_loop_of_a_client_that_leaves_takes_its_children_along(
        run, conversation):
    children, log = [], []

    def handler(addr):
        children.append(diesel.fork_child(mourner, log))
        diesel.until_eol()

    service = diesel.Service(handler, 0, '127.0.0.1')

    def main():
        talk = diesel.thread(conversation, ('127.0.0.1', service.port))
        wait_until(lambda: children and children[0].running, 'the child runs')
        talk.close()
        wait_until(lambda: log, 'the child hears of the death')
        return log
    assert run(main, service) == ['parent died']


def test_a_child_does_not_speak_on_the_connection_of_its_parent(said):
    def handler(addr):
        errors = []

        def child():
            try:
                diesel.send(b'mine')
            except RuntimeError as error:
                errors.append(error)

        diesel.fork_child(child)
        diesel.sleep()
        diesel.send(b'%d error' % len(errors))
    assert said(handler) == b'1 error'
