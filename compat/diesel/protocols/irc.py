"""Not there on Python 3: see compat.diesel.absent."""
from compat.diesel.absent import absent

raise absent(__name__)
