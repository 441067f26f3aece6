"""The real library's diesel.buffer, under this name too."""
from __future__ import absolute_import

from diesel.buffer import *
