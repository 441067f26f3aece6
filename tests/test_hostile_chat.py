"""A full room: whoever reads gets everything once and in one order, even if others do
not read at all. (With 500 clients for a minute: benchmarks/load_chat.py.)"""
import pytest

from tests.frames import frame, read_frame
from tests.names import CHAT

pytestmark = pytest.mark.about(CHAT)
CLIENTS = 40
MESSAGES = 200
ROUND = 20  # messages, then they are read
SIZE = 50000  # bytes of a message: together they are more than the kernel buffers
NUMBER = '%08d'


def joined(conversation, address, number):
    """Return a client that has been welcomed."""
    client = conversation(address)
    client.send(frame(b'client %d' % number))
    assert read_frame(client).startswith(b'* Welcome, ')
    return client


def heard(client, count):
    """Return the numbers of the next count messages that a client reads; news is
    skipped."""
    numbers = []
    while len(numbers) < count:
        speaker, _, said = read_frame(client).partition(b'> ')
        if speaker.startswith(b'<'):
            numbers.append(int(said[:len(NUMBER % 0)]))
    return numbers


@pytest.mark.hostile
@pytest.mark.rule('selectors')
@pytest.mark.parametrize('deaf', [0, CLIENTS // 10], ids=['all-read', 'some-do-not'])
def test_all_in_a_full_room_read_every_message_once_in_one_order(running, conversation,
                                                                 deaf):
    room = running(CHAT)
    clients = [joined(conversation, room.address, number) for number in range(CLIENTS)]
    listener = joined(conversation, room.address, CLIENTS)
    speakers = clients[deaf:]
    order = []
    for begin in range(0, MESSAGES, ROUND):
        for number in range(begin, begin + ROUND):
            text = (NUMBER % number).ljust(SIZE, '.').encode('ascii')
            speakers[number % len(speakers)].send(frame(text))
        order += heard(listener, ROUND)
        for index, client in enumerate(speakers):
            wanted = [number for number in order[begin:]
                      if number % len(speakers) != index]
            assert heard(client, len(wanted)) == wanted
    assert sorted(order) == list(range(MESSAGES))
    # Nothing comes twice: the next thing in every queue is the last that was said.
    listener.send(frame(NUMBER.encode('ascii') % MESSAGES))
    for client in speakers:
        assert heard(client, 1) == [MESSAGES]
    lost = [line for line in room.lines if line.endswith(' left')]
    assert sorted(lost) == ['client %d left' % number for number in range(deaf)]
    assert room.stderr == b''
