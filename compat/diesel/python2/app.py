"""The real library's diesel.app, under this name too."""
from __future__ import absolute_import

from diesel.app import *
