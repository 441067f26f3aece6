"""HTTP/1.1, servers and clients. The parser is h11; a Request and a Response are
Flask's, or werkzeug's where there is no Flask."""
from compat.diesel.protocols import requirements
from compat.diesel.protocols.http.core import (
    HOSTNAME, SERVER_TAG, FileLikeErrorLogger, HttpClient, HttpProtocolError,
    HttpRequestTimeout, HttpsClient, HttpServer, Request, Response)
