"""A Flask page whose numbers a loop in the background counts."""
import diesel
from diesel.util.event import Event
from diesel.util.lock import Lock
from diesel.logmod import levels, set_log_level
from diesel.web import DieselFlask, Response, jsonify, request

set_log_level(levels.DISABLED)
app = DieselFlask(__name__)
counter = {'beats': 0}
enough = Event()
lock = Lock()


def heart():
    """Beat a hundred times, and rest."""
    while counter['beats'] < 100:
        with lock:
            counter['beats'] += 1
            diesel.sleep(0.001)
    enough.set()


@app.route('/')
def index():
    enough.wait()
    return 'the heart has beaten %d times\n' % counter['beats']


@app.route('/reset', methods=['POST'])
def reset():
    counter['beats'] -= int(request.form['by'])
    enough.clear()
    diesel.fork(heart)
    return Response('reset\n', status=202)


@app.route('/json/<name>')
def as_json(name):
    return jsonify(name=name, beats=counter['beats'])


@app.route('/slow')
def slow():
    which, value = diesel.first(waits=['never'], sleep=0.05)
    return 'woken by %s\n' % which


@app.errorhandler(404)
def nothing(error):
    return 'nothing here\n', 404


def announce():
    print(service.port)
    import sys
    sys.stdout.flush()


service = app.make_service(0, '127.0.0.1', debug=False)
diesel.quickstart(service, heart, announce, __app=app.diesel_app)
