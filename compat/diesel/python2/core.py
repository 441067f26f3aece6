"""The real library's diesel.core, under this name too: the module itself, since
current_loop changes all the time."""
from __future__ import absolute_import

import sys

import diesel.core

sys.modules[__name__] = diesel.core
