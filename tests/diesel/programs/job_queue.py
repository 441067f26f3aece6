"""A queue of jobs: workers that are started again, a supervisor, and clients.

A client says "job NUMBER" and gets the square of it; "job x" makes a worker fail.
"status" says what was done; "watch" is told of the next results.
"""
import diesel
from diesel.util.event import Countdown
from diesel.util.lock import synchronized
from diesel.util.queue import Fanout, Queue
from diesel.logmod import levels, set_log_level

set_log_level(levels.DISABLED)
jobs = Queue()
results = Fanout()
done = {'jobs': 0, 'failed': 0}


class Job(object):
    def __init__(self, text):
        self.text = text
        self.answer = Queue()


def work():
    while True:
        job = jobs.get()
        try:
            number = int(job.text)
        except ValueError:
            done['failed'] += 1
            job.answer.put(b'FAILED')
            raise
        square = diesel.thread(pow, number, 2)
        with synchronized('done'):
            done['jobs'] += 1
        results.pub(b'%d' % square)
        job.answer.put(b'%d' % square)


def supervise():
    """Two workers; each that dies is replaced at once."""
    def watched():
        try:
            work()
        finally:
            diesel.fire('worker died')
    for _ in range(2):
        diesel.fork_child(watched)
    while True:
        diesel.wait('worker died')
        diesel.fork_child(watched)


def serve(addr):
    while True:
        words = diesel.until_eol().split()
        if words[:1] == [b'job']:
            numbers = words[1:]
            answers, countdown = {}, Countdown(len(numbers))

            def ask(index, text):
                job = Job(text)
                jobs.put(job)
                answers[index] = job.answer.get()
                countdown.tick()
            for index, text in enumerate(numbers):
                diesel.fork_child(ask, index, text)
            countdown.wait()
            diesel.send(b' '.join(answers[i] for i in sorted(answers)) + b'\r\n')
        elif words == [b'watch', b'2']:
            with results.sub() as queue:
                diesel.send(b'watching\r\n')
                diesel.send(queue.get() + b' ' + queue.get() + b'\r\n')
        elif words == [b'status']:
            diesel.send(b'%d done, %d failed\r\n' % (done['jobs'], done['failed']))
        else:
            return


def announce():
    print(service.port)
    import sys
    sys.stdout.flush()


service = diesel.Service(serve, 0, '127.0.0.1')
diesel.quickstart(service, supervise, announce)
