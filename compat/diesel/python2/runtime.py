"""The real library's diesel.runtime, under this name too: the module itself,
since current_app changes."""
from __future__ import absolute_import

import sys

import diesel.runtime

sys.modules[__name__] = diesel.runtime
