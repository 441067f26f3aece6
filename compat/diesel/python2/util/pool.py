"""The real library's diesel.util.pool, under this name too."""
from __future__ import absolute_import

from diesel.util.pool import *
