"""The real library's diesel.util.event, under this name too."""
from __future__ import absolute_import

from diesel.util.event import *
