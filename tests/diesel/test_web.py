"""diesel.web: Flask applications that diesel serves."""
import json
import os

import pytest

from compat import diesel
from compat import process
from compat.diesel import web
from tests.diesel import runner
from tests.diesel.http_talk import HttpConversation, answers, get, post

FORM = b'Content-Type: application/x-www-form-urlencoded'

# Prints the status of the answer of a view that raises.
LOGGED = '''
import sys
from six.moves import http_client
from compat import diesel
from compat.diesel import web
app = web.DieselFlask('site')
@app.route('/boom')
def boom():
    raise ValueError('because')
def ask():
    talk = http_client.HTTPConnection('127.0.0.1', service.port)
    talk.request('GET', '/boom')
    answer = talk.getresponse()
    answer.read()
    talk.close()
    return answer.status
def main():
    sys.stdout.write(str(diesel.thread(ask)))
    diesel.quickstop()
service = app.make_service(0, '127.0.0.1', debug=%(debug)s,
                           verbosity=web.loglevels.%(verbosity)s)
diesel.quickstart(main, service, __app=app.diesel_app)
'''


class Application(web.DieselFlask):
    """For an application in each test."""

    @classmethod
    def make_application(cls):
        return diesel.Application(allow_app_replacement=True)


@pytest.fixture
def app():
    application = Application('tests')
    yield application
    runner.close(application.diesel_app)


@pytest.fixture
def asked(app, run):
    """A function: requests -> the answers of the application to them."""
    def ask(*requests):
        service = app.make_service(0, '127.0.0.1', debug=False)

        def main():
            return diesel.thread(answers, ('127.0.0.1', service.port), *requests)
        return run(main, service)
    return ask


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_a_view_is_served(app, asked):
    @app.route('/hello')
    def hello():
        return 'hello'
    [found] = asked(get(b'/hello'))
    assert (found.status, found.body) == (200, b'hello')


@pytest.mark.wire
@pytest.mark.rule('diesel', 'bytes-on-the-wire')
def test_a_view_gets_its_part_of_the_path_and_the_query(app, asked):
    @app.route('/greet/<name>/<int:times>')
    def greet(name, times):
        return (name + web.request.args['after']) * times
    [found] = asked(get(b'/greet/Anna/2?after=%C3%BC'))
    assert found.body == b'Anna\xc3\xbcAnna\xc3\xbc'


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_a_view_gets_a_form(app, asked):
    @app.route('/', methods=['POST'])
    def form():
        return web.request.form['name']
    assert asked(post(b'/', b'name=some+one', FORM))[0].body == b'some one'


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_a_view_gets_and_returns_json(app, asked):
    @app.route('/', methods=['POST'])
    def double():
        twice = web.request.get_json()['once'] * 2
        return web.Response(web.json.dumps({'twice': twice}),
                            content_type='application/json')
    [found] = asked(post(b'/', b'{"once": "ab"}', b'Content-Type: application/json'))
    assert found.headers[b'content-type'] == [b'application/json']
    assert json.loads(found.body.decode('ascii')) == {'twice': 'abab'}


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_a_view_returns_a_status_and_headers(app, asked):
    @app.route('/')
    def teapot():
        return 'short and stout', 418, {'X-Handle': 'here'}
    [found] = asked(get(b'/'))
    assert (found.status, found.headers[b'x-handle'], found.body) == (
        418, [b'here'], b'short and stout')


@pytest.mark.hostile
@pytest.mark.rule('diesel')
@pytest.mark.parametrize('debug', [True, False], ids=['debug', 'no debug'])
def test_a_view_that_raises_is_logged(forked_program, debug):
    child = forked_program(LOGGED % {'debug': debug, 'verbosity': 'DEBUG'})
    text = child.stderr.decode('ascii')
    assert child.stdout in (b'500', b'200')  # with debug the real one says 200
    assert '{site} ERROR|Exception on /boom [GET]' in text
    assert 'ValueError: because' in text.split('Exception on')[1]


@pytest.mark.hostile
@pytest.mark.rule('diesel')
@pytest.mark.parametrize('debug', [True, False], ids=['debug', 'no debug'])
def test_a_view_that_raises_is_not_logged_below_the_verbosity(forked_program, debug):
    child = forked_program(LOGGED % {'debug': debug, 'verbosity': 'CRITICAL'})
    assert child.stdout in (b'500', b'200')  # with debug the real one says 200
    assert b'Exception on' not in child.stderr


def echo_lines(request):
    """A new_protocol: what comes goes back, after the path and what a view noted."""
    diesel.send(request.path.encode('ascii') + b' ' + request.noted + b'\r\n')
    while True:
        diesel.send(diesel.until_eol())


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_a_view_may_change_the_protocol(app, run):
    @app.route('/switch')
    def switch():
        web.request.noted = b'by the view'
        # The real library waits for another request without a length.
        response = web.Response(b'', status=101, headers={
            'Upgrade': 'echo', 'Connection': 'Upgrade', 'Content-Length': '0'})
        response.new_protocol = echo_lines
        return response

    service = app.make_service(0, '127.0.0.1', debug=False)

    def client():
        talk = HttpConversation(('127.0.0.1', service.port))
        try:
            talk.send(get(b'/switch', b'Connection: Upgrade', b'Upgrade: echo'))
            status = talk.read_head()[0]
            first = talk.read_line()
            talk.send(b'hello\r\n')
            return status, first, talk.read_line()
        finally:
            talk.close()
    assert run(lambda: diesel.thread(client), service) == (
        101, b'/switch by the view\r\n', b'hello\r\n')


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_an_unknown_path_is_404_and_a_wrong_method_405(app, asked):
    @app.route('/')
    def hello():
        return 'hello'
    assert [found.status for found in asked(get(b'/nowhere'), post(b'/', b''))] == [
        404, 405]


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_an_application_has_its_own_page_for_an_error(app, asked):
    @app.errorhandler(404)
    def lost(error):
        return 'lost', 404

    @app.route('/forbidden')
    def forbidden():
        web.abort(403)
    found = asked(get(b'/nowhere'), get(b'/forbidden'))
    assert [one.status for one in found] == [404, 403]
    assert found[0].body == b'lost'


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_a_view_may_send_the_client_elsewhere(app, asked):
    @app.route('/old')
    def old():
        return web.redirect('/new')
    [found] = asked(get(b'/old'))
    assert found.status == 302
    assert found.headers[b'location'][0].endswith(b'/new')


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_a_session_is_remembered(app, run):
    app.secret_key = 'a secret of this test'

    @app.route('/')
    def count():
        web.session['count'] = web.session.get('count', 0) + 1
        return str(web.session['count'])
    service = app.make_service(0, '127.0.0.1', debug=False)

    def client():
        talk = HttpConversation(('127.0.0.1', service.port))
        try:
            bodies, cookie = [], b'none=0'
            for _ in range(3):
                found = talk.ask(get(b'/', b'Cookie: ' + cookie))
                bodies.append(found.body)
                cookie = found.headers[b'set-cookie'][0].split(b';')[0]
            return bodies
        finally:
            talk.close()
    assert run(lambda: diesel.thread(client), service) == [b'1', b'2', b'3']


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_what_is_done_before_and_after_a_request_is_done(app, asked):
    @app.before_request
    def before():
        web.g.said = ['before']

    @app.after_request
    def after(response):
        response.headers['X-After'] = 'after'
        return response

    @app.route('/')
    def view():
        return ', '.join(web.g.said + ['view'])
    [found] = asked(get(b'/'))
    assert (found.body, found.headers[b'x-after']) == (b'before, view', [b'after'])


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_a_template_is_rendered(app, asked):
    @app.route('/')
    def page():
        return web.render_template_string('<p>{{ name }}</p>', name='<you>')
    assert asked(get(b'/'))[0].body == b'<p>&lt;you&gt;</p>'


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_a_file_is_sent(app, asked, folder):
    path = os.path.join(folder, 'file.bin')
    content = bytes(bytearray(range(256))) * 1000
    with open(path, 'wb') as target:
        target.write(content)

    @app.route('/')
    def file():
        return web.send_file(path)
    try:
        [found] = asked(get(b'/'))
    finally:
        os.remove(path)
    assert found.body == content


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_a_view_may_answer_in_pieces(app, asked):
    @app.route('/')
    def pieces():
        return web.Response(iter(['one, ', 'two']))
    assert asked(b'GET / HTTP/1.0\r\n\r\n')[0].body == b'one, two'


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_each_view_sees_its_own_request_while_others_wait(app, run):
    @app.route('/<name>')
    def wait(name):
        there.append(name)
        diesel.fire('one more')
        while len(there) < 3:
            diesel.wait('one more')
        return web.request.path + '?' + web.request.args['q']
    there = []
    service = app.make_service(0, '127.0.0.1', debug=False)

    def client():
        talks = [HttpConversation(('127.0.0.1', service.port)) for _ in range(3)]
        try:
            for number, talk in enumerate(talks):
                talk.send(get(('/%d?q=%d' % (number, number)).encode('ascii')))
            return [talk.read_answer().body for talk in talks]
        finally:
            for talk in talks:
                talk.close()
    assert run(lambda: diesel.thread(client), service) == [b'/0?0', b'/1?1', b'/2?2']


@pytest.mark.hostile
@pytest.mark.rule('diesel')
def test_a_view_that_raises_is_500_and_the_next_one_is_served(app, asked):
    @app.route('/bad')
    def bad():
        raise ZeroDivisionError('in a view')

    @app.route('/')
    def good():
        return 'good'
    found = asked(get(b'/'), get(b'/bad'), get(b'/'))
    assert [one.status for one in found] == [200, 500, 200]
    assert b'ZeroDivisionError' not in found[1].body


@pytest.mark.hostile
@pytest.mark.rule('diesel')
def test_the_page_of_a_view_that_raises_tells_why_when_debugging(app, run):
    @app.route('/bad')
    def bad():
        raise ZeroDivisionError('in a view')
    service = app.make_service(0, '127.0.0.1', debug=True)

    def main():
        return diesel.thread(answers, ('127.0.0.1', service.port), get(b'/bad'))
    [found] = run(main, service)
    assert b'ZeroDivisionError: in a view' in found.body


@pytest.mark.unit
@pytest.mark.rule('diesel')
@pytest.mark.parametrize('name', [
    'Flask', 'DieselFlask', 'Application', 'Service', 'quickstart', 'log', 'loglevels',
    'set_log_level', 'request', 'session', 'g', 'abort', 'redirect', 'url_for',
    'jsonify', 'render_template', 'send_file', 'Response', 'Request', 'Blueprint'])
def test_the_module_has_flasks_names_and_its_own(name):
    assert hasattr(web, name)


PROGRAM = '''
import sys
from compat import diesel
from compat.diesel.web import DieselFlask, request
app = DieselFlask('program')
ready = []

@app.route('/')
def hello():
    return 'Hello, %s, from %s' % (request.args['name'], ready[0])

def job():
    ready.append('a job')
    print('listening on %d' % app.diesel_app._services[0].sock.getsockname()[1])
    sys.stdout.flush()

diesel.set_log_level(diesel.levels.ERROR)
app.schedule(job)
app.run(0, '127.0.0.1', debug=False)
'''


@pytest.mark.script
@pytest.mark.rule('diesel')
def test_a_program_runs_its_jobs_beside_the_application(tree):
    with process.Child(tree, 'a Flask application', command=['-c', PROGRAM]) as child:
        port = int(child.wait_for_line('listening on ([0-9]+)').group(1))
        [found] = answers(('127.0.0.1', port), get(b'/?name=you'))
    assert (found.status, found.body) == (200, b'Hello, you, from a job')
    assert child.stderr == b''
