"""The real library's diesel.events, under this name too."""
from __future__ import absolute_import

from diesel.events import *
