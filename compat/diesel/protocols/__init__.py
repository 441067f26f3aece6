"""Protocols over diesel's connections: HTTP, and WSGI on top of it."""
try:
    import h11  # noqa: F401
    import werkzeug  # noqa: F401
except ImportError as error:
    raise ImportError('compat.diesel.protocols needs %s: pip install h11 flask'
                      % error.name, name=error.name) from None
