"""HTTP/1.1, servers and clients. The parser is h11; a Request and a Response are
Flask's, or werkzeug's where there is no Flask."""
try:
    import h11  # noqa: F401
    import werkzeug  # noqa: F401
except ImportError as error:
    raise ImportError('compat.diesel.protocols.http needs %s: pip install h11 flask'
                      % error.name, name=error.name) from None

from compat.diesel.protocols.http.core import (  # noqa: F401
    HOSTNAME, SERVER_TAG, FileLikeErrorLogger, HttpClient, HttpProtocolError,
    HttpRequestTimeout, HttpsClient, HttpServer, Request, Response)
