"""The real library's diesel.protocols.wsgi, under this name too."""
from __future__ import absolute_import

from diesel.protocols.wsgi import *
