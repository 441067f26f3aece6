"""Lines of a file that must not stop the other loops: of stdin, say."""
import threading

from compat.diesel import runtime
from compat.diesel.functions import fork_from_thread
from compat.diesel.logmod import log
from compat.diesel.util.queue import Queue


def put_stream_token(q, line):
    """Put a line into the queue: a loop's function."""
    q.put(line)


def consume_stream(stream, q):
    """Read lines to the end of the stream: a thread's function.

    What cannot be read ends the stream too; the log has the reason.
    """
    line = None
    while line is None or line:
        try:
            line = stream.readline()
        except (OSError, ValueError) as error:
            log.error('cannot read {0}: {1}', stream, error)
            line = '' if line is None else line[:0]
        if runtime.current_app is None:
            return  # it has ended: nobody asks for lines any more
        fork_from_thread(put_stream_token, q, line)


def create_line_input_stream(fileobj):
    """Return a Queue with the lines of a file, each with its end. The last item
    is '' (of a binary file b'').

    A thread reads as fast as the file gives, however slowly lines are taken.
    """
    q = Queue()
    threading.Thread(target=consume_stream, args=(fileobj, q), daemon=True).start()
    return q
