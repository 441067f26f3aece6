"""What the libraries of servers give and take: which functions give bytes, which give
text, and which arguments must be bytes."""
from study.scanning.values import (BYTES, FILE, FLOAT, INTEGER, NOTHING, PRINTED,
                                   SOCKET, STRUCT, THREAD, TRUTH)

GIVES = {name: frozenset([mark]) for mark, names in {
    SOCKET: 'socket.socket socket.create_connection socket.fromfd ssl.wrap_socket',
    BYTES: ('os.read struct.pack zlib.compress zlib.decompress base64.b64encode '
            'base64.b64decode base64.encodestring base64.decodestring '
            'binascii.hexlify binascii.unhexlify subprocess.check_output marshal.dumps '
            'pickle.dumps cPickle.dumps bytearray buffer socket.inet_aton '
            'socket.inet_pton diesel.until_eol diesel.receive diesel.until'),
    FILE: 'urllib2.urlopen urllib.urlopen urllib.request.urlopen',
    STRUCT: 'struct.Struct',
    THREAD: 'threading.currentThread threading.current_thread',
    FLOAT: 'time.time time.clock time.monotonic float random.random math.floor',
    INTEGER: 'len int ord os.getpid long sys.getsizeof struct.calcsize hash id',
    TRUTH: 'bool isinstance hasattr callable',
    PRINTED: 'sys.stdout sys.stderr',
}.items() for name in names.split()}
TEXTS = frozenset(
    'time.ctime time.strftime time.asctime json.dumps simplejson.dumps os.getcwd hex oct '
    'chr urllib.urlencode urllib.quote urllib.quote_plus urllib.parse.urlencode '
    'urllib.parse.quote urllib.parse.quote_plus socket.gethostname socket.getfqdn '
    'socket.inet_ntoa raw_input input email.utils.formatdate platform.node '
    'platform.platform traceback.format_exc os.uname getpass.getuser'.split())
TEXT_METHODS = frozenset('hexdigest isoformat strftime ctime as_string'.split())
# The argument that must be bytes, counted from 0.
TAKES_BYTES = {'diesel.send': 0, 'os.write': 1, 'urllib2.urlopen': 1,
               'urllib.urlopen': 1, 'urllib.request.urlopen': 1}
SENDS = {'send': 0, 'sendall': 0, 'sendto': 0}
# Methods by which a framework is given what is to be sent, by the name of what has them.
PUSHES = {'push': 'self', 'sendLine': 'self', 'set_terminator': 'self',
          'write': 'transport wfile writer'}
# Parameters of methods that a framework calls with bytes.
GIVEN_BYTES = {'collect_incoming_data', 'dataReceived', 'lineReceived', 'data_received',
               'datagramReceived', 'datagram_received', 'received_message'}
# Receivers and parameters that are sockets wherever people write servers.
SOCKET_NAMES = frozenset('sock conn connection csock client_sock client_socket '
                         'clientsock skt client_conn newsock sck'.split())
# What shows a text to people.
SAYS = frozenset('say report log info debug warning warn error critical exception puts '
                 'msg log_message echo print_line out trace'.split())
# Methods that give of bytes the same, or a list of it, or something else.
SAME = frozenset('upper lower strip lstrip rstrip title capitalize swapcase replace '
                 'ljust rjust center zfill expandtabs translate tobytes'.split())
LISTS = frozenset('split rsplit splitlines partition rpartition'.split())
OTHERS = {'find': INTEGER, 'rfind': INTEGER, 'index': INTEGER, 'count': INTEGER,
          'startswith': TRUTH, 'endswith': TRUTH, 'isdigit': TRUTH}
# Codecs of Python 2 that give text for people out of text.
FOR_PEOPLE = frozenset('unicode_escape string_escape unicode-escape string-escape '
                       'hex base64 rot13 rot_13 zlib bz2 quopri uu'.split())
DISPATCHERS = ('dispatcher', 'dispatcher_with_send', 'async_chat', 'socket.socket')


def gives(name):
    """Return what a function of a library gives, as marks."""
    return GIVES.get(name, NOTHING)
