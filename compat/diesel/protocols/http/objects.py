"""The Request that a handler gets and the Response that it returns."""
try:
    from flask import Request, Response
except ImportError:
    from werkzeug.wrappers import Request
    from werkzeug.wrappers import Response as _Response

    class Response(_Response):
        """werkzeug's, with the media type that Flask's has by itself."""
        default_mimetype = 'text/html'
