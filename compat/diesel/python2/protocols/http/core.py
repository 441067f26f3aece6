"""The real library's diesel.protocols.http.core, under this name too."""
from __future__ import absolute_import

from diesel.protocols.http.core import *
