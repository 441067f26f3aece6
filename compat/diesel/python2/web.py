"""The real library's diesel.web, under this name too."""
from __future__ import absolute_import

from diesel.web import *
