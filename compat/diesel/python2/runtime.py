"""The real library's diesel.runtime, under this name too."""
from __future__ import absolute_import

from diesel.runtime import *  # noqa: F401,F403
