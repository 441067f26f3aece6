"""The real library's diesel.protocols.websockets, under this name too."""
from __future__ import absolute_import

from diesel.protocols.websockets import *
