"""Lines back, on the streams of asyncio."""
import asyncio


async def echo(reader, writer):
    while True:
        line = await reader.readuntil(b'\r\n')
        writer.write(line)
        await writer.drain()


async def main():
    server = await asyncio.start_server(echo, '127.0.0.1', 0, backlog=1024)
    print('listening on 127.0.0.1:%d' % server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
