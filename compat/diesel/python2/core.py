"""The real library's diesel.core, under this name too."""
from __future__ import absolute_import

from diesel.core import *  # noqa: F401,F403
