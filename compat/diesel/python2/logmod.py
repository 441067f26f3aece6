"""The real library's diesel.logmod, under this name too."""
from __future__ import absolute_import

from diesel.logmod import *
