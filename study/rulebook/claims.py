"""What the claims of MIGRATION.md explain: the tokens that differ, and no others.

A claim is a piece of the original and what the port has in its place:

    - except …,
    + except … as

"…" stands for any tokens of one statement or literal, the first one of the one side for
the first one of the other; they are alike, or other claims explain how they differ. A
claim of one side only stands for whole lines.

Of all ways that lead from the old tokens to the new ones, steps() takes the one that
leaves the fewest over; of these the one with the fewest claims; of these the one that
puts the least behind a "…".
"""
import collections
import heapq
import itertools
import re
from dataclasses import dataclass
from functools import cached_property

from study.diff import tokens

ANYTHING = '…'
PIECE = re.compile(r"""\w*('{3}|"{3}|'|")(?:\\.|(?!\1).)*\1|#.*|\w+|\S""")
LEFT_OVER, CLAIM, BEHIND = 10 ** 6, 10 ** 3, 1  # prices; BEHIND is a token's in a "…"


@dataclass(frozen=True, eq=False)
class Claim:
    """Lines of the original, and those of the port that stand in their place."""

    removed: tuple
    added: tuple

    @cached_property
    def parts(self):
        """The tokens from one "…" to the next, of both sides: pairs of lists."""
        whole = not (self.removed and self.added)
        return list(itertools.zip_longest(cut(self.removed, whole),
                                          cut(self.added, whole)))

    @property
    def is_whole(self):
        """Whether each "…" has its partner on the other side, and one side at least
        begins with a token."""
        return any(self.parts[0]) and all(None not in pair for pair in self.parts)

    def waits_in(self, line):
        """Return whether a line has the tokens of the original, in their order, and does
        not have those of the port already."""
        words = written(line)
        old, new = (list(itertools.chain(*side)) for side in zip(*self.parts))
        if not old or not in_order(old, words):
            return False
        return in_order(new, old) or not in_order(new, words)


@dataclass(frozen=True)
class Step:
    """Tokens, as ranges of indices, that a claim explains, or that are left over: then
    claim is None."""

    claim: Claim
    old: range
    new: range


def cut(lines, whole):
    """Return the tokens of a claim's lines, a list for each part between two "…". whole
    says whether the first line is the beginning of one."""
    parts, depth = [[]], 0
    for number, line in enumerate(lines):
        body = line.lstrip()
        begins = not depth and (whole or number or body != line)
        if begins and not body.startswith('#'):
            parts[-1].append(tokens.start(len(line) - len(body)))
        for word in written(body):
            if word == ANYTHING:
                parts.append([])
            else:
                parts[-1].append(word)
        depth = max(0, depth + opened(body))
    return parts


def written(line):
    """Return the tokens of a piece of source, of one line."""
    found = []
    for match in PIECE.finditer(line):
        text, quotes = match[0], match[1]
        found += (tokens.literal(text, docstring=len(quotes) == 3)[0] if quotes
                  else tokens.words(text))
    return found


def opened(line):
    """Return how many more brackets a line opens than it closes."""
    marks = [match[0] for match in PIECE.finditer(line)]
    return (sum(marks.count(mark) for mark in '([{')
            - sum(marks.count(mark) for mark in ')]}'))


def in_order(wanted, words):
    """Return whether words has all that is wanted, in its order."""
    rest = iter(words)
    return all(word in rest for word in wanted)


class Search:
    """The ways from old tokens to new ones.

    A state is how many old tokens are behind us, how many new ones, and the claims in
    whose "…" we are, as pairs of a claim and the number of its next part.
    """

    def __init__(self, old, new, claims):
        self.old, self.new = old, new
        self.by_old, self.by_new = (collections.defaultdict(list) for _ in range(2))
        for claim in claims:
            first_old, first_new = claim.parts[0]
            if first_old:
                self.by_old[first_old[0]].append(claim)
            else:
                self.by_new[first_new[0]].append(claim)

    def steps(self):
        """Return the Steps of the best way, in order."""
        begin, goal = (0, 0, ()), (len(self.old), len(self.new), ())
        cost, reached, order = {begin: 0}, {begin: None}, itertools.count()
        waiting, done = [(0, next(order), begin)], set()
        while goal not in done:
            so_far, _, state = heapq.heappop(waiting)
            if state in done:
                continue
            done.add(state)
            for price, claim, after in self.moves(state):
                if so_far + price < cost.get(after, float('inf')):
                    cost[after] = so_far + price
                    reached[after] = state, claim
                    heapq.heappush(waiting, (cost[after], next(order), after))
        return walked(reached, goal)

    def moves(self, state):
        """Yield (price, claim or None, the state after it)."""
        i, j, inside = state
        if inside:
            yield from self.applied(inside[-1], state, inside[:-1], 0)
        one, other = self.old[i:i + 1], self.new[j:j + 1]
        for claim in self.by_old[one[0]] if one else ():
            yield from self.applied((claim, 0), state, inside, CLAIM)
        for claim in self.by_new[other[0]] if other else ():
            yield from self.applied((claim, 0), state, inside, CLAIM)
        if inside:  # a "…" ends with its statement
            one, other = ([word for word in words if not tokens.is_start(word)]
                          for words in (one, other))
        if one and one == other:
            yield BEHIND * len(inside), None, (i + 1, j + 1, inside)
        if one:
            yield LEFT_OVER, None, (i + 1, j, inside)
        if other:
            yield LEFT_OVER, None, (i, j + 1, inside)

    def applied(self, place, state, inside, price):
        """Yield the move over a part of a claim, if it stands there on both sides."""
        claim, number = place
        last = number + 1 == len(claim.parts)
        ends = [end_of(part, words, begin, last and number) for part, words, begin
                in zip(claim.parts[number], (self.old, self.new), state[:2])]
        if None not in ends:
            inside += () if last else ((claim, number + 1),)
            yield price, claim, (*ends, inside)


def end_of(part, words, begin, last):
    """Return where a part of a claim ends in words if it stands there, or None. The
    "…" before an empty last part goes on to the end of its statement."""
    end = begin + len(part)
    if last and not part:
        at_end = end == len(words) or words[end] == '#' or tokens.is_start(words[end])
        return end if at_end else None
    return end if words[begin:end] == part else None


def walked(reached, state):
    """Return the Steps by which a state was reached, in order, without those over what
    both sides have."""
    found = []
    while reached[state]:
        before, claim = reached[state]
        old, new = (range(before[side], state[side]) for side in (0, 1))
        if claim or not (old and new):
            found.append(Step(claim, old, new))
        state = before
    return found[::-1]


def steps(old, new, claims):
    """Return the Steps of the best way from old tokens to new ones, in order."""
    return Search(old, new, claims).steps()
