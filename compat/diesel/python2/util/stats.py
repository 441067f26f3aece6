"""The real library's diesel.util.stats, under this name too."""
from __future__ import absolute_import

from diesel.util.stats import *
