"""Flask applications over diesel: what flask exports, and DieselFlask.

    from compat.diesel.web import DieselFlask, request

    app = DieselFlask(__name__)

    @app.route('/')
    def hello():
        return 'Hello, ' + request.args.get('name', 'world')

    app.run(port=8080)

WebSockets are left out: websocket() says so.
"""
import traceback

try:
    from flask import *  # noqa: F401,F403
    from flask import Flask, request
except ImportError as error:
    raise ImportError('compat.diesel.web needs %s: pip install flask' % error.name,
                      name=error.name) from None

from compat.diesel.app import Application, Service, quickstart
from compat.diesel.logmod import levels as loglevels
from compat.diesel.logmod import log, set_log_level  # noqa: F401
from compat.diesel.protocols.http import HttpServer, Response
from compat.diesel.protocols.wsgi import WSGIRequestHandler


class DieselFlask(Flask):
    """A Flask application, with the diesel application that serves it."""

    def __init__(self, name, *args, **kw):
        self.jobs = []
        self.diesel_app = self.make_application()
        self.verbosity = loglevels.DEBUG
        Flask.__init__(self, name, *args, **kw)

    @classmethod
    def make_application(cls):
        """For subclasses: return the Application to run in."""
        return Application()

    def log_exception(self, exc_info):
        """Log what a view has raised in diesel's log: called by Flask."""
        if loglevels.ERROR >= self.verbosity:
            log.name(self.name).trace().error('Exception on {0} [{1}]', request.path,
                                              request.method)

    def schedule(self, *args):
        """Have run() run these too; see quickstart()."""
        self.jobs.append(args)

    def handle_request(self, req):
        """The request_handler of the service: return the Response to a Request.

        A view that raises is a page with status 500; with debug the page is the
        traceback.
        """
        try:
            return WSGIRequestHandler(self.wsgi_app)(req)
        except Exception:
            # Flask has logged it, and lets it through if debug is true.
            return Response(traceback.format_exc(), status=500,
                            content_type='text/plain; charset=utf-8')

    def make_service(self, port=8080, iface='', verbosity=loglevels.DEBUG, debug=True):
        """Return the Service for run(). verbosity: the least grave level that is
        logged; debug: show the client tracebacks."""
        self.verbosity = verbosity
        if debug:
            self.debug = True
        return Service(HttpServer(self.handle_request), port, iface)

    def websocket(self, f):
        """Not there on Python 3."""
        raise NotImplementedError('compat.diesel.web has no WebSockets on Python 3')

    def run(self, *args, **params):
        """Serve until the end; arguments are make_service()'s."""
        self.schedule(self.make_service(*args, **params))
        quickstart(*self.jobs, __app=self.diesel_app)
