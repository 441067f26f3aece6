"""The packages that HTTP and Flask need beside the standard library."""

PACKAGES = ('flask', 'h11', 'werkzeug', 'wsproto')


def missing(error, module, install):
    """Return what to raise for an ImportError in a module that needs packages.

    If one of PACKAGES is not there, that is an ImportError which says what to
    install; otherwise it is the error itself. A program that is named http.py, for
    example, hides the standard library's http from h11.
    """
    package = (error.name or '').partition('.')[0]
    if package not in PACKAGES:
        return error
    return ImportError('%s needs %s: pip install %s' % (module, package, install),
                       name=package)
