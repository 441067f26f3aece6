"""A replay from its beginning to its end: the server, the clients, the verdict."""
import contextlib
import os
import time
from dataclasses import dataclass, field

from study.recording import command as commands
from study.recording import compare
from study.recording import masks as masking
from study.recording import sockets
from study.recording.player import Player
from study.recording.progress import Progress

STATUS = 'exit status'


@dataclass
class Verdict:
    """What a replay has found. differences: {where: compare.Difference}; where is a
    number of a conversation, 'stdout', 'stderr' or 'exit status'. printed: what the
    server has printed, by 'stdout' and 'stderr', or {} if it is not ours."""

    differences: dict = field(default_factory=dict)
    played: int = 0
    received: int = 0  # bytes
    seconds: float = 0.0
    printed: dict = field(default_factory=dict)


def replay(recording, to, masks=(), patience=5.0, command=()):
    """Play a Recording to the server at an Address and return the Verdict. command: a
    list that starts the server. Raises StudyError if there is nobody to ask."""
    begin, verdict = time.monotonic(), Verdict()
    with contextlib.ExitStack() as stack:
        server = None
        if command:
            commands.require_free(to, recording.is_datagram)
            server = stack.enter_context(commands.Command(list(command)))
            server.wait_until_it_listens(to, recording.is_datagram, patience)
        sockets.allow_many_descriptors()
        player = stack.enter_context(contextlib.closing(Player(
            recording, to, masks, patience, server and server.stop)))
        with Progress() as progress:
            played = player.play(lambda done: progress.show(
                '%d of %d events' % (done, len(recording.events))))
        for one in played:
            verdict.received += one.comparison.received
            difference = one.difference()
            if difference:
                verdict.differences[one.number] = difference
        verdict.played = len(played)
        player.close()
        if server:
            end(server, recording, patience, verdict, to, masks)
    verdict.seconds = time.monotonic() - begin
    return verdict


def end(server, recording, patience, verdict, to, masks):
    """End the server, and compare its screen and its status if they are known."""
    note = ''
    if recording.by_itself:
        if not server.wait(patience):
            note = 'it does not end by itself in %g seconds' % patience
    elif recording.status is not None and server.has_ended and not server.told:
        note = 'it ended by itself'
    server.stop()
    if not server.wait(patience):
        note = 'it does not end after SIGTERM in %g seconds' % patience
    server.kill()
    verdict.printed = {name: server.printed(name) for name in ('stdout', 'stderr')}
    if recording.status is None:
        return
    theirs, ours = os.fsencode(recording.to), os.fsencode(str(to))
    for name, known in recording.screen.items():
        difference = of_screens(known.replace(theirs, ours), verdict.printed[name], masks,
                                is_overlapping(recording))
        if difference:
            verdict.differences[name] = difference
    if note or server.status != recording.status:
        verdict.differences[STATUS] = compare.Difference(
            0, b'', b'%d' % recording.status, b'%d' % server.status, note)


def of_screens(known, printed, masks, in_any_order):
    """Return the Difference of what two servers have printed, or None."""
    comparison = compare.Comparison(known, masks)
    comparison.feed(printed)
    comparison.finish()
    if comparison.is_complete or in_any_order and (
            sorted(masking.masked(masks, known).splitlines())
            == sorted(masking.masked(masks, printed).splitlines())):
        return None
    return comparison.difference('' if comparison.differs else 'nothing more')


def is_overlapping(recording):
    """Return whether two conversations go on at once: then their lines on the screen
    may come in another order."""
    if recording.is_datagram:
        return recording.total > 1
    going_on, sides = 0, {}
    for event in recording.events:
        if event.what in ('connect', 'unnamed'):
            going_on += 1
            sides[event.number] = {'<', '>'}
        elif event.what in ('reset', 'refused') and sides[event.number]:
            going_on, sides[event.number] = going_on - 1, set()
        elif event.what == 'end' and sides[event.number]:
            sides[event.number].discard(event.side)
            going_on -= not sides[event.number]
        if going_on > 1:
            return True
    return False
