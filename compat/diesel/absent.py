"""The modules of the real library that are not here, and what there is today.

Each of them is an ImportError in one line.
"""

INSTEAD = {
    'console': 'pdb, which since Python 3.14 attaches to a process (python -m pdb -p)',
    'dnosetests': 'pytest, with quickstart() in the test',
    'interactive': 'code.interact() in a thread()',
    'protocols.DNS': 'resolve_dns_name(), or dnspython in a thread()',
    'protocols.dreadlock': 'a lock of redis, in a thread()',
    'protocols.irc': 'the package irc in a thread(), or until_eol() and send()',
    'protocols.mongodb': 'pymongo in a thread()',
    'protocols.nitro': 'pyzmq in a thread(): nitro itself has ended',
    'protocols.pg': 'psycopg in a thread()',
    'protocols.redis': 'redis (redis-py) in a thread()',
    'protocols.riak': "Riak's HTTP interface, with protocols.http",
    'protocols.riak_palm': "Riak's HTTP interface, with protocols.http",
    'protocols.zeromq': 'pyzmq in a thread()',
    'util.debugtools': 'faulthandler, and the gr_frame of a greenlet',
    'util.patches': 'protocols.http.pool, or requests in a thread()',
}


def absent(module):
    """Return the ImportError for a module of INSTEAD, by its full name."""
    return ImportError('%s is not there on Python 3; use %s'
                       % (module, INSTEAD[module.replace('compat.diesel.', '', 1)]),
                       name=module)
