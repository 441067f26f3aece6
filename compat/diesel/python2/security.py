"""The real library's diesel.security, under this name too."""
from __future__ import absolute_import

from diesel.security import *
