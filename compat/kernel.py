"""What the kernel knows of another process of this user (Linux: /proc).

A pid is an int. A process that has gone has nothing: no descriptor, no child.
"""
import ctypes
import itertools
import os
import resource

TICKS = float(os.sysconf('SC_CLK_TCK'))  # per second
PAGE = os.sysconf('SC_PAGE_SIZE')  # bytes


class Limits(ctypes.Structure):
    """struct rlimit of prlimit(2): the limit in force, and the highest."""

    _fields_ = [('soft', ctypes.c_ulong), ('hard', ctypes.c_ulong)]


def stat(pid):
    """Return the fields of /proc/PID/stat from the third on (man 5 proc), a list
    of bytes; empty if the process has gone."""
    try:
        with open('/proc/%d/stat' % pid, 'rb') as source:
            return source.read().rpartition(b')')[2].split()
    except (IOError, OSError):
        return []


def cpu_seconds(pid):
    """Return how many seconds of a processor it has used."""
    fields = stat(pid)
    return (int(fields[11]) + int(fields[12])) / TICKS if fields else 0.0


def threads(pid):
    """Return how many threads it has."""
    fields = stat(pid)
    return int(fields[17]) if fields else 0


def memory(pid):
    """Return its resident memory in bytes."""
    fields = stat(pid)
    return int(fields[21]) * PAGE if fields else 0


def descriptors(pid):
    """Return how many descriptors it has open."""
    try:
        return len(os.listdir('/proc/%d/fd' % pid))
    except OSError:
        return 0


def children(pid):
    """Return its children: {pid: state, a byte such as b'S', or b'Z' for a zombie}."""
    found = {}
    for name in os.listdir('/proc'):
        fields = stat(int(name)) if name.isdigit() else []
        if fields and int(fields[1]) == pid:
            found[int(name)] = fields[0]
    return found


def zombies(pid):
    """Return the pids of its children that ended and were not waited for."""
    found = children(pid)
    return [child for child in found if found[child] == b'Z']


def leave_descriptors(pid, room):
    """Let it open this many more descriptors, and no more (man 2 prlimit).
    Raises OSError."""
    used = set(os.listdir('/proc/%d/fd' % pid))
    free = (number for number in itertools.count() if str(number) not in used)
    prlimit = ctypes.CDLL(None, use_errno=True).prlimit
    limits = Limits()

    def call(new, old):
        if prlimit(pid, resource.RLIMIT_NOFILE, new, old):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    call(None, ctypes.byref(limits))
    # The hard limit stays: it could not be raised again.
    limits.soft = next(itertools.islice(free, room, None))
    call(ctypes.byref(limits), None)
