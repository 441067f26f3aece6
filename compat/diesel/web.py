"""Flask applications over diesel: what flask exports, and DieselFlask.

    from compat.diesel.web import DieselFlask, request

    app = DieselFlask(__name__)

    @app.route('/')
    def hello():
        return 'Hello, ' + request.args.get('name', 'world')

    app.run(port=8080)
"""
import functools
import traceback

from compat.diesel.packages import missing

try:
    from flask import *
    from flask import Flask, request
except ImportError as error:
    raise missing(error, 'compat.diesel.web', 'flask') from None

from compat.diesel.app import Application, Service, quickstart
from compat.diesel.logmod import levels as loglevels
from compat.diesel.logmod import log, set_log_level
from compat.diesel.protocols.http import HttpServer, Response
from compat.diesel.protocols.wsgi import WSGIRequestHandler

NEW_PROTOCOL = 'compat.diesel.new_protocol'  # in the environ of a request


class DieselFlask(Flask):
    """A Flask application, with the diesel application that serves it."""

    def __init__(self, name, *args, **kw):
        self.jobs = []
        self.diesel_app = self.make_application()
        Flask.__init__(self, name, *args, **kw)
        self.diesel_log = log.name(self.import_name)

    @classmethod
    def make_application(cls):
        """For subclasses: return the Application to run in."""
        return Application()

    def log_exception(self, exc_info):
        """Log what a view has raised in diesel's log: called by Flask, which does not
        do so if debug or testing is true."""
        self.log_failure(request)

    def log_failure(self, req):
        """Log the exception that is being handled, raised by a view for a Request."""
        self.diesel_log.trace().error('Exception on {0} [{1}]', req.path, req.method)

    def create_url_adapter(self, request):
        """Let any route serve a WebSocket: werkzeug would refuse a rule that is not
        marked for it. Called by Flask."""
        adapter = Flask.create_url_adapter(self, request)
        if adapter is not None:
            adapter.websocket = False
        return adapter

    def process_response(self, response):
        """Note the new_protocol() of a response, which WSGI does not know: called by
        Flask."""
        response = Flask.process_response(self, response)
        if hasattr(response, 'new_protocol'):
            request.environ[NEW_PROTOCOL] = functools.partial(
                response.new_protocol, request._get_current_object())
        return response

    def schedule(self, *args):
        """Have run() run these too; see quickstart()."""
        self.jobs.append(args)

    def handle_request(self, req):
        """The request_handler of the service: return the Response to a Request.

        A view that raises is logged, and is a page with status 500; with debug the
        page is the traceback. A view may return a response with a new_protocol(): see
        HttpServer. It gets the request that the view had.
        """
        try:
            response = WSGIRequestHandler(self.wsgi_app)(req)
        except Exception:
            # Flask logs an error only if it does not raise it: not with debug.
            self.log_failure(req)
            return Response(traceback.format_exc(), status=500,
                            content_type='text/plain; charset=utf-8')
        new_protocol = req.environ.get(NEW_PROTOCOL)
        if new_protocol is not None:
            response.new_protocol = lambda req: new_protocol()
        return response

    def make_service(self, port=8080, iface='', verbosity=loglevels.DEBUG, debug=True):
        """Return the Service for run(). verbosity: the least serious level that is
        logged; debug: send tracebacks to the client."""
        self.diesel_log.min_level = verbosity
        if debug:
            self.debug = True
        return Service(HttpServer(self.handle_request), port, iface)

    def websocket(self, f):
        """Return a view, for route(), that talks WebSockets: f(request, input, output)
        is called as a WebSocketServer's handler. It needs the package wsproto."""
        from compat.diesel.protocols.websockets import WebSocketServer, refusal

        def plain(req):
            resp = refusal(426, 'this is for WebSockets\n')
            resp.headers['Upgrade'] = 'websocket'
            return resp

        server = WebSocketServer(plain, f)

        @functools.wraps(f)
        def view():
            return server.do_upgrade(request)
        return view

    def run(self, *args, **params):
        """Serve until the end; arguments are make_service()'s."""
        self.schedule(self.make_service(*args, **params))
        quickstart(*self.jobs, __app=self.diesel_app)
