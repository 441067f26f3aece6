"""A function run inside a diesel application, for tests, on both libraries.

    def main():
        diesel.sleep(0.1)
        return 'done'
    assert runner.run(main) == 'done'

The real library leaves the sockets of an application that has ended to the
garbage collector; here they are closed, so that a test leaves nothing behind. Its
threads wake the hub through a pipe when they are done, and must not find somebody
else's descriptor there: they are waited for.
"""
from __future__ import absolute_import

import os

from six.moves import _thread

from compat import diesel
from compat.diesel.logmod import levels
from compat.process import DEADLINE, Timeout, wait_until


def run(main, *more, **options):
    """Run main() as a loop of a new Application, beside more: what quickstart()
    takes. Return what main() returns, or raise what it raises.

    seconds: how long that may take (default: DEADLINE). Raises Timeout.
    """
    seconds = options.pop('seconds', DEADLINE)
    outcome = []

    def body():
        try:
            outcome.append((main(), None))
        except Exception as error:
            outcome.append((None, error))
        diesel.quickstop()

    def watchdog():
        diesel.sleep(seconds)
        outcome.append((None, Timeout('not done in %s seconds' % seconds)))
        diesel.quickstop()

    diesel.set_log_level(levels.DISABLED)
    threads = _thread._count()
    app = diesel.Application(allow_app_replacement=True)
    try:
        diesel.quickstart(*more + (body, watchdog), __app=app)
    finally:
        close(app, threads)
    value, error = outcome[0]
    if error is not None:
        raise error
    return value


def close(app, threads=None):
    """Close every descriptor of an application that has ended. threads: how many
    threads there were before it."""
    hub = app.hub
    if hasattr(hub, 'close_all'):
        hub.close_all()
        return
    for watched in list(hub.fdmap):
        if hasattr(watched, 'close'):
            watched.close()
    hub.epoll.close()
    if threads is not None:
        wait_until(lambda: _thread._count() <= threads, 'the threads are done')
    os.close(hub._t_recv)
    os.close(hub._t_wakeup)
