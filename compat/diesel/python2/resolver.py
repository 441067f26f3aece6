"""The real library's diesel.resolver, under this name too."""
from __future__ import absolute_import

from diesel.resolver import *
