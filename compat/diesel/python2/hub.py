"""The real library's diesel.hub, under this name too."""
from __future__ import absolute_import

from diesel.hub import *
