"""diesel on both Pythons: coroutines over sockets, each written as if alone.

On Python 2 this is the real library (3.0.24, its last release) under another
name. On Python 3, where no release of diesel runs, it is an implementation of the
same interface on greenlet and selectors. A program changes its imports:

    import diesel                    from compat import diesel
    from diesel.util.queue import    from compat.diesel.util.queue import
    import diesel.util.queue         import compat.diesel.util.queue
                                     from compat import diesel

How it works on Python 3, from the bottom up; each module is short:

    hub         one pass after the other: what is due, what is ready, who is next
    buffer      what came in, until it holds what a loop waits for
    pipeline    what must go out, and did not fit into the socket yet
    connection  a TCP connection wakes the loop that waits for it; udp: a socket
    events      who waits for which event
    clock       how much of the processor a Loop takes, if asked to count
    waiting     how a loop waits, and what wakes it; operations: what it waits for
    loop        a Loop is a function in a greenlet, from its start to its end
    functions   send(), until(), sleep() and the others, for the loop that runs
    app         an Application runs Loops and Services
    client      a Client lends its connection to the loop that calls it
    protocols   HTTP and WSGI, made of these; and web, Flask on top of them
    core        names that programs import from there

What goes over a socket is bytes. Where the behaviour differs from the real
library's, the docstring of the thing says so.
"""
from __future__ import absolute_import

import os
import sys

if sys.version_info[0] == 2:
    # The modules of this folder are Python 3; those in python2/ bear the same
    # names and pass on what the real ones have.
    __path__ = [os.path.join(os.path.dirname(os.path.abspath(__file__)), 'python2')]
    import warnings
    with warnings.catch_warnings():
        # pyOpenSSL, which diesel imports, warns everybody.
        warnings.simplefilter('ignore')
        from diesel import *
    from diesel.core import ClientConnectionTimeout
    from diesel.logmod import levels
    from compat.diesel import runtime
    GUARANTEES = frozenset()
else:
    # As with the real library, these are there after the bare import.
    from compat.diesel import protocols, runtime
    from compat.diesel.app import (
        Application, Service, Thunk, UDPService, quickstart, quickstop)
    from compat.diesel.client import Client, UDPClient
    from compat.diesel.core import (
        ClientConnectionClosed, ClientConnectionError, ClientConnectionTimeout,
        Connection, ConnectionClosed, Loop, ParentDiedException, TerminateLoop,
        UDPSocket, call, datagram, fire, first, fork, fork_child, fork_from_thread,
        label, receive, send, signal, sleep, thread, until, until_eol, wait)
    from compat.diesel.hub import ExistingSignalHandler
    from compat.diesel.logmod import levels, log, set_log_level
    from compat.diesel.resolver import DNSResolutionError, resolve_dns_name
    from compat.diesel.runtime import is_running
    import compat.diesel.util.event
    import compat.diesel.util.lock
    import compat.diesel.util.pool
    import compat.diesel.util.queue
    loglevels = levels
    # Guarantees that the real library does not give. A test that needs one asks
    # for it by name.
    GUARANTEES = frozenset([
        'nobody is starved', 'a line has a limit', 'send waits for the peer',
        'text is a TypeError', 'lines before the end are read',
        'first come, first served', 'an empty packet is a packet',
        'a failed handshake is an error', 'threads may raise anything',
        'a child stays dead', 'a dead process is an EOFError',
        'every exception comes out of a process', 'a pool replaces its processes',
        'a process lets go of the sockets', 'a failed connection is not lent',
        'nothing to count is counted', 'the finalizer is the last', 'no item is lost',
        'waiting loops are ended', 'log lines have their fields',
        'a log that nobody reads ends nothing', 'a signal just before the wait ends it',
        'another context is a TypeError',
        'absent modules are explained', 'http: pipelining', 'http: chunks',
        'http: HEAD has no body', 'http: 100 Continue', 'http: refusals',
        'http: errors are answered', 'http: paths are decoded',
        'http: a late answer is not the next one', 'http: the end can end an answer',
        'http: WSGI streams', 'http: a missing package is named',
        'http: certificates are checked', 'http: Flask errors have their status',
        'websockets: pings and codes'])
