"""Processes that a run has left behind, found in /proc (Linux): those of its session,
and those that carry its mark in their environment."""
import contextlib
import os
import signal

from compat import process

PAGE = os.sysconf('SC_PAGE_SIZE')
MARK = 'STUDY_RUN'  # in the environment of a run of the suite, and of all below it


def read(pid, name):
    """Return a file of a process in /proc as bytes, b'' if it is not there."""
    try:
        with open('/proc/%s/%s' % (pid, name), 'rb') as source:
            return source.read()
    except OSError:
        return b''


def session(pid):
    """Return the session of a process, the pid of its leader, or None."""
    fields = read(pid, 'stat').rpartition(b')')[2].split()
    return int(fields[3]) if fields else None


def everybody():
    """Return the pids of all other processes."""
    return [int(name) for name in os.listdir('/proc')
            if name.isdigit() and int(name) != os.getpid()]


def has_mark(pid, *marks):
    """Return whether a process began with one of these marks in its environment."""
    return not set(marks).isdisjoint(read(pid, 'environ').split(b'\0'))


def of_worker(leader):
    """Return the pids of what a worker has started, itself included. leader: its pid.
    Its children, and theirs, carry compat.process.MARK."""
    mark = b'%s=%d' % (process.MARK.encode('ascii'), leader)
    return [pid for pid in everybody()
            if session(pid) == leader or has_mark(pid, mark)]


def kill(leader):
    """Kill what a worker has left behind."""
    kill_all(lambda: of_worker(leader))


def kill_marked(mark):
    """Kill what a run of the suite has left behind. mark: the value of MARK."""
    words = ('%s=%s' % (MARK, mark)).encode('ascii')
    kill_all(lambda: [pid for pid in everybody() if has_mark(pid, words)])


def kill_all(find):
    """Kill what find() finds, until it finds nothing alive: meanwhile a child may
    have been started."""
    for _ in range(10):
        found = [pid for pid in find() if not is_dead(pid)]
        if not found:
            return
        for pid in found:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)


def is_dead(pid):
    """Return whether a process has ended, waited for or not."""
    return read(pid, 'stat').rpartition(b')')[2].split()[:1] in ([], [b'Z'])


def appetite(leaders):
    """Return {leader: (processes, bytes that the largest of them uses)}, by session."""
    found = {leader: (0, 0) for leader in leaders}
    for pid in everybody():
        leader = session(pid)
        if leader in found:
            fields = read(pid, 'statm').split()
            size = int(fields[1]) * PAGE if fields else 0
            count, largest = found[leader]
            found[leader] = count + 1, max(largest, size)
    return found
