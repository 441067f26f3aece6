"""The real library's diesel.util.process, under this name too."""
from __future__ import absolute_import

from diesel.util.process import *
