"""The greeting, by asyncio's streams and h11."""
import asyncio
import email.utils
import time

import h11

GREETING = 'Hello from epoll, w\xf6rld!\n'.encode('utf-8')


async def serve(reader, writer):
    connection = h11.Connection(h11.SERVER)
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            data = await reader.read(65536)
            if not data:
                return writer.close()
            connection.receive_data(data)
        elif type(event) is h11.EndOfMessage:
            writer.write(answer(connection))
            await writer.drain()
            connection.start_next_cycle()


def answer(connection):
    head = h11.Response(status_code=200, headers=[
        ('Date', email.utils.formatdate(time.time(), usegmt=True)),
        ('Content-Type', 'text/plain; charset=utf-8'),
        ('Content-Length', str(len(GREETING)))], reason='OK')
    return (connection.send(head) + connection.send(h11.Data(data=GREETING))
            + connection.send(h11.EndOfMessage()))


async def main():
    server = await asyncio.start_server(serve, '127.0.0.1', 0, backlog=1024)
    print('listening on 127.0.0.1:%d' % server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
