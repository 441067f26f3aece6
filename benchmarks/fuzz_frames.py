"""Fuzz a member of the chat while another one listens: see benchmarks/fuzzing.py."""
import struct

from benchmarks import fuzzing
from tests import inside


def frame(data):
    return struct.pack('!I', len(data)) + data


SEEDS = [
    frame(b'ann') + frame(b'hello') + frame(b'\xc3\xbc') + frame(b''),
    frame(b'bob') + frame(b'hello'), frame(b'') + frame(b'x' * 65),
    frame(b'ann') + frame(b'\xed\xa0\x80') + frame(b'x' * 9000),
    frame(b'ann') + frame(b'x' * 5000) + b'\xff\xff\xff\xff',
    frame(b'\xe2\x80\xae') + b'\0\0\1\0', b'\0\1\0\1x',
]


def main():
    module = fuzzing.instrumented('chat_server_with_select')
    module.say = lambda message: None
    chat = inside.chat(module)
    bob = chat.connect()
    chat.say(bob, frame(b'bob'))

    def answer(pieces):
        """Return what the member reads, and what bob reads meanwhile."""
        bob.received = b''
        return chat.answer(pieces), bob.received

    fuzzing.fuzz(answer, SEEDS)


if __name__ == '__main__':
    main()
