"""The names of the real library's diesel.core, gathered from where they are."""
import sys
import types

from compat.diesel import runtime
from compat.diesel.connection import (
    BUFSIZ, SENTINEL_LIMIT, UNREAD_LIMIT, UNSENT_LIMIT, Connection)
from compat.diesel.errors import (
    ApplicationEnd, ClientConnectionClosed, ClientConnectionError,
    ClientConnectionTimeout, ConnectionClosed, LoopKeepAlive, ParentDiedException,
    TerminateLoop)
from compat.diesel.functions import (
    call, first, fire, fork, fork_child, fork_from_thread, label, receive, send,
    signal, sleep, thread, until, until_eol, wait)
from compat.diesel.loop import Loop, ids, wait_for_socket
from compat.diesel.operations import CRLF
from compat.diesel.udp import (
    UNREAD_PACKETS, Datagram, UDPSocket, datagram)
from compat.diesel.waiting import ContinueNothing


class Core(types.ModuleType):
    """A module whose current_loop is always the loop that runs now: a name that is
    imported from another module keeps the value that it had then."""

    @property
    def current_loop(self):
        """The current Loop, or None."""
        return runtime.current_loop


sys.modules[__name__].__class__ = Core
