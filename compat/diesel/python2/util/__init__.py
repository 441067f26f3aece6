"""The real library's diesel.util, under this name too."""
from compat.diesel.util import event, lock, pool, queue
