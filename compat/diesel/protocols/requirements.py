"""Imported first by whatever speaks HTTP: says which package is missing."""
from compat.diesel.packages import missing

try:
    import h11
    import werkzeug
except ImportError as error:
    raise missing(error, 'compat.diesel.protocols', 'h11 flask') from None
