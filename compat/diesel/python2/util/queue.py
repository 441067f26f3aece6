"""The real library's diesel.util.queue, under this name too."""
from __future__ import absolute_import

from diesel.util.queue import *
