"""Short names for the recipes, and the groups in which the tests use them."""
from compat import trees

TCP, UDP = 'tcp_server', 'udp_server'
UNIX_STREAM, UNIX_DATAGRAM = 'unix_stream_server', 'unix_datagram_server'
FIGURE, MATRIX = 'server_hierarchy', 'server_matrix'
FORKING, THREADING = 'forking_mixin_socket_server', 'threading_mixin_socket_server'
CHAT, WEB = 'chat_server_with_select', 'simple_web_server_with_epoll'
DIESEL = 'echo_server_with_diesel'

ON_A_PATH = [UNIX_STREAM, UNIX_DATAGRAM]
ON_A_PORT = [name for name in trees.RECIPES if name not in ON_A_PATH]
DATAGRAMS = [UDP, UNIX_DATAGRAM]
PLAIN_STREAMS = [TCP, UNIX_STREAM]  # they serve one client after the other
