"""The chat's frames: a length, four bytes in network order, and that many bytes."""
import struct


def frame(data):
    """Return bytes as a frame."""
    return struct.pack('!I', len(data)) + data


def frames(received):
    """Return the contents of whole frames, which must be all that was received."""
    found = []
    while received:
        length, = struct.unpack('!I', received[:4])
        found.append(received[4:4 + length])
        assert len(found[-1]) == length
        received = received[4 + length:]
    return found


def read_frame(client):
    """Return the content of the next frame that a Conversation reads."""
    return client.read(struct.unpack('!I', client.read(4))[0])


def two_members(conversation, address):
    """Return two clients of an empty room, ann and bob, that know of each other.
    conversation: the fixture."""
    ann, bob = conversation(address), conversation(address)
    ann.send(frame(b'ann'))
    ann.expect(frame(b'* Welcome, ann. Others here: 0'))
    bob.send(frame(b'bob'))
    bob.expect(frame(b'* Welcome, bob. Others here: 1'))
    ann.expect(frame(b'* bob joined'))
    return ann, bob
