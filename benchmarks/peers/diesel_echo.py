"""Lines back, on diesel: the real library under Python 2, ours under Python 3."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__)))))
from compat import diesel


def echo(addr):
    while True:
        diesel.send(diesel.until_eol())


def announce():
    print('listening on 127.0.0.1:%d' % service.port)
    sys.stdout.flush()


service = diesel.Service(echo, 0, '127.0.0.1')
diesel.set_log_level(diesel.loglevels.DISABLED)
diesel.quickstart(service, announce)
