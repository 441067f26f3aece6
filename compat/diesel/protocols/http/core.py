"""The names of the real library's diesel.protocols.http.core."""
from compat.diesel.protocols.http.answers import SERVER_TAG  # noqa: F401
from compat.diesel.protocols.http.client import (  # noqa: F401
    HttpClient, HttpProtocolError, HttpRequestTimeout, HttpsClient)
from compat.diesel.protocols.http.objects import Request, Response  # noqa: F401
from compat.diesel.protocols.http.server import (  # noqa: F401
    HOSTNAME, FileLikeErrorLogger, HttpServer)
