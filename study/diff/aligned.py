"""Which lines of a group belong together, and what changed within a line."""
import difflib
import itertools
import re

ALIKE = 0.5  # of two lines, from 0 to 1: with less, one is not the other, changed
WORD = re.compile(r'\w+|\s+|.')


def likeness(old, new):
    """Return how alike two lines are, from 0 to 1; 0 if less than ALIKE. Spaces do
    not count."""
    one, other = (list(filter(str.strip, words(text))) for text in (old, new))
    ratio = difflib.SequenceMatcher(None, one, other, False).ratio()
    return ratio if ratio >= ALIKE else 0


def words(text):
    return WORD.findall(text)


def rows(group):
    """Return a changes.Group as rows, each (removed Line or None, added Line or
    None, whether the one became the other), in order, none left out."""
    found, i, j = [], 0, 0
    for i2, j2 in partners(group.removed, group.added):
        found += loose(group.removed[i:i2], group.added[j:j2])
        found.append((group.removed[i2], group.added[j2], True))
        i, j = i2 + 1, j2 + 1
    return found + loose(group.removed[i:], group.added[j:])


def loose(removed, added):
    """Return rows of lines that merely stand at the same place."""
    return [(old, new, False) for old, new in itertools.zip_longest(removed, added)]


def partners(removed, added):
    """Return the pairs of indices, both rising, whose total likeness is greatest."""
    score = [[likeness(old.text, new.text) for new in added] for old in removed]
    best = [[0] * (len(added) + 1) for _ in range(len(removed) + 1)]
    for i, j in itertools.product(reversed(range(len(removed))),
                                  reversed(range(len(added)))):
        best[i][j] = max(best[i + 1][j], best[i][j + 1],
                         best[i + 1][j + 1] + score[i][j])
    found, i, j = [], 0, 0
    while i < len(removed) and j < len(added):
        if score[i][j] and best[i][j] == best[i + 1][j + 1] + score[i][j]:
            found.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return found


def spans(old, new):
    """Return what differs within two lines: a list of (begin, end) for each, in
    characters. A different indent is marked only where nothing else differs."""
    indents = indent(old), indent(new)
    if old.strip() == new.strip():
        return [(0, indents[0])], [(0, indents[1])]
    one, other = words(old.lstrip()), words(new.lstrip())
    starts, ends = offsets(one, indents[0]), offsets(other, indents[1])
    changed = [code for code in difflib.SequenceMatcher(None, one, other, False)
               .get_opcodes() if code[0] != 'equal']
    return ([(starts[i1], starts[i2]) for _, i1, i2, _, _ in changed if i1 < i2],
            [(ends[j1], ends[j2]) for _, _, _, j1, j2 in changed if j1 < j2])


def indent(text):
    """Return how many spaces a line begins with."""
    return len(text) - len(text.lstrip())


def offsets(parts, begin):
    """Return where each part begins, and at the end where the last one ends. The
    first one begins at begin."""
    return list(itertools.accumulate((len(part) for part in parts), initial=begin))
