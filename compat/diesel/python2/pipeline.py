"""The real library's diesel.pipeline, under this name too."""
from __future__ import absolute_import

from diesel.pipeline import *
