"""A chat on a page: each browser that shows it has a WebSocket to this server."""
import diesel
from diesel.logmod import levels, set_log_level
from diesel.protocols.http import Response
from diesel.protocols.websockets import WebSocketDisconnect, WebSocketServer

set_log_level(levels.DISABLED)
room = []

PAGE = '''<!DOCTYPE html>
<meta charset="utf-8"><title>chat</title><link rel="icon" href="data:,">
<ul></ul>
<script>
var socket = new WebSocket('ws://' + location.host + '/room');
socket.onmessage = function (event) {
    var line = document.createElement('li');
    line.textContent = JSON.parse(event.data).line;
    document.querySelector('ul').appendChild(line);
};
function say(line) { socket.send(JSON.stringify({line: line})); }
</script>
'''


def tell(line):
    for outq in room:
        outq.put({'line': line})


def page(req):
    return Response(PAGE, content_type='text/html')


def talk(req, inq, outq):
    room.append(outq)
    tell('there are %d' % len(room))
    for message in inq:
        if isinstance(message, WebSocketDisconnect):
            break
        tell(message['line'])
    room.remove(outq)
    tell('there are %d' % len(room))


def announce():
    print(service.port)
    import sys
    sys.stdout.flush()


service = diesel.Service(WebSocketServer(page, talk), 0, '127.0.0.1')
diesel.quickstart(service, announce)
