"""The real library's diesel.client, under this name too."""
from __future__ import absolute_import

from diesel.client import *
