"""Functions in processes of their own, while the other loops go on.

    slow = spawn(compute)
    result = slow(1, 2)      # as compute(1, 2); other loops run meanwhile
    term(slow)

What is called, what it returns and what it raises is pickled: across a socket
pair between this process and its own child, which nobody else can write to.
"""
import multiprocessing
import pickle
import traceback

from compat.diesel import runtime
from compat.diesel.loop import running_loop
from compat.diesel.util.queue import Queue

# The function may be a local one, and is not pickled: so the child has to be a
# copy of this process.
_fork = multiprocessing.get_context('fork')

ENDED = 'the process that ran the function has ended'


class ConflictingCall(Exception):
    """A loop has called a Process that is at work for another."""


class NoSubProcesses(Exception):
    """A ProcessPool was called whose processes have not been started."""


def spawn(func):
    """Start a process that runs func; return the Process, to be called like func
    any number of times."""
    return Process(func)


def term(proc):
    """End a Process with SIGTERM."""
    proc.proc.terminate()  # first: at the end of its pipe it would end by itself
    proc.cleanup()


def _answer(func, request):
    """Return what the child has to say: a pickled pair (result, exception)."""
    try:
        args, params = pickle.loads(request)
        return pickle.dumps((func(*args, **params), None))
    except Exception as error:
        return _pickled_error(error)


def _pickled_error(error):
    error.original_traceback = traceback.format_exc()
    try:
        answer = pickle.dumps((None, error))
        pickle.loads(answer)  # not every exception survives the journey
    except Exception:
        stand_in = RuntimeError('%s: %s' % (type(error).__name__, error))
        stand_in.original_traceback = error.original_traceback
        answer = pickle.dumps((None, stand_in))
    return answer


class Process(object):
    """A child process that runs one function, call by call; see spawn().

    proc is the multiprocessing.Process. The child has an empty stdin, and lets go
    of all that the application has open. It ends with this process.

    Unlike in the real library a call raises EOFError when the child ends in the
    middle of it (there it waits for ever), and what cannot be pickled is an error
    of the call; an exception that cannot be pickled becomes a RuntimeError.
    """

    def __init__(self, func):
        self.func = func
        self.caller = None   # the loop that waits for the result
        self._ticket = None  # and what it waits with; see Loop._wake_for()
        self.args = None
        self.params = None
        self.launch()

    def launch(self):
        """Start the child."""
        self.in_call = False
        self.pipe, remote_pipe = _fork.Pipe()
        self.proc = _fork.Process(target=self._child, args=(remote_pipe,))
        self.proc.daemon = True
        self.proc.start()
        remote_pipe.close()  # the child alone holds it: its end shows as EOF
        runtime.current_app.hub.register(
            self.pipe, self.handle_return_value, None, None)

    def _child(self, pipe):
        self._let_go()
        try:
            while True:
                pipe.send_bytes(_answer(self.func, pipe.recv_bytes()))
        except (SystemExit, KeyboardInterrupt, EOFError, OSError):
            pass  # told to end, or the parent is gone

    def _let_go(self):
        # The sockets would stay open while the child lives, and the parent's
        # loops must not run in it, whatever the function does.
        runtime.current_app.hub.close_all()
        runtime.current_app = runtime.current_loop = None
        self.pipe.close()

    def cleanup(self):
        """Stop listening to the child. The call in progress, if there is one,
        raises EOFError."""
        if not self.pipe.closed:
            runtime.current_app.hub.unregister(self.pipe)
            self.pipe.close()
        self._finish(None)

    def handle_return_value(self):
        """The child has an answer, or has ended: called by the hub."""
        try:
            self._finish(self.pipe.recv_bytes())
        except (EOFError, OSError):
            self.cleanup()

    def _finish(self, answer):
        caller, ticket = self.caller, self._ticket
        self.in_call = False
        self.caller = self._ticket = self.args = self.params = None
        if caller is not None:
            caller.hub.schedule(lambda: caller._wake_for(ticket, answer))

    def __call__(self, *args, **params):
        """Return what func(*args, **params) returns in the child, or raise what
        it raises, with original_traceback, a text.

        Raise ConflictingCall while another loop's call is in progress, EOFError
        if the child has ended.
        """
        if self.in_call:
            raise ConflictingCall(
                'Another loop (%s) is executing this process.' % self.caller)
        caller = running_loop()
        self.args = args
        self.params = params
        self.send_arguments_to_process()
        self.in_call = True
        self.caller = caller
        self._ticket = caller._new_ticket()
        answer = caller.dispatch()
        if answer is None:
            raise EOFError(ENDED)
        result, error = pickle.loads(answer)
        if error is not None:
            raise error
        return result

    def send_arguments_to_process(self):
        """Send the arguments of the call to the child, which waits for them."""
        request = pickle.dumps((self.args, self.params))
        try:
            self.pipe.send_bytes(request)
        except OSError:
            term(self)
            raise EOFError(ENDED) from None


class ProcessPool(object):
    """Processes that share the calls of one function.

        pool = ProcessPool(2, compute)
        quickstart(pool.pool, main)    # main calls pool(1, 2)

    A call while all are busy waits for the next that is free. A process that
    has died, or whose caller has been ended in the middle of a call, is replaced
    by a new one.
    """

    def __init__(self, concurrency, handler):
        self.concurrency = concurrency
        self.handler = handler
        self.available_procs = Queue()
        self.all_procs = []

    def __call__(self, *args, **params):
        """As Process.__call__; raise NoSubProcesses before pool() has run."""
        if not self.all_procs:
            raise NoSubProcesses('Did you forget to start the pool?')
        process = self.available_procs.get()
        try:
            return process(*args, **params)
        finally:
            if process.in_call or process.pipe.closed:
                term(process)
                if runtime.current_app._run:  # at the end nobody needs another
                    process.launch()
            self.available_procs.put(process)

    def pool(self):
        """Start the processes: a callable for quickstart()."""
        for _ in range(self.concurrency):
            process = spawn(self.handler)
            self.all_procs.append(process)
            self.available_procs.put(process)
