"""The real library's log levels, under this name too."""
from __future__ import absolute_import

from twiggy.levels import *
