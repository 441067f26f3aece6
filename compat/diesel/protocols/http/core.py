"""The names of the real library's diesel.protocols.http.core."""
from compat.diesel.protocols.http.answers import SERVER_TAG
from compat.diesel.protocols.http.client import (
    HttpClient, HttpProtocolError, HttpRequestTimeout, HttpsClient)
from compat.diesel.protocols.http.objects import Request, Response
from compat.diesel.protocols.http.server import (
    HOSTNAME, FileLikeErrorLogger, HttpServer)
