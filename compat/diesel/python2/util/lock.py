"""The real library's diesel.util.lock, under this name too."""
from __future__ import absolute_import

from diesel.util.lock import *
