"""The real library's diesel.util.streams, under this name too."""
from __future__ import absolute_import

from diesel.util.streams import *
