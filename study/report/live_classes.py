"""Print the classes of this Python's socketserver and their bases, as JSON.

Runs under 2.7 and 3 alike; study/report/hierarchy.py starts it.
"""
import json
import sys

try:
    import socketserver
except ImportError:
    import SocketServer as socketserver


def own_classes():
    """Return {name: names of its bases} for the public classes."""
    return {name: [base.__name__ for base in value.__bases__]
            for name, value in vars(socketserver).items()
            if getattr(value, '__module__', '') == socketserver.__name__
            and hasattr(value, '__bases__') and not name.startswith('_')}


json.dump({'version': sys.version.split()[0], 'classes': own_classes()}, sys.stdout)
