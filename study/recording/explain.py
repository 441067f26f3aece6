"""Which rule of MIGRATION.md explains a difference.

The rules say it themselves: Wire has what a server sends where the rule is forgotten, or
what it does; Screen what it prints; Error what Python says, which is looked for on the
screen of a server that `study replay` has started.
"""
from study.recording.conversations import quoted
from study.rulebook import findings
from study.rulebook import words


def rule_of(difference, rules, on_screen=False, said=''):
    """Return the Rule that explains a Difference, or None. on_screen: it is one of what
    the server prints. said: what the server has printed besides, as text."""
    near = text_of(difference.before[-1:] + difference.replayed)
    known = text_of(difference.before[-1:] + difference.recorded)
    kind = 'Screen' if on_screen else 'Wire'
    for rule in rules.values():
        if any(piece in near and piece not in known for piece in rule.errors):
            return rule
    for rule in rules.values():
        if any(piece in near and piece not in known for piece in rule.pieces(kind)):
            return rule
    spoken = findings.speaking(spoken_by_python(said), rules)
    if spoken:
        return rules[spoken[0]]
    return next((rule for rule in rules.values() if any(
        difference.note.startswith(piece) for piece in rule.pieces('Wire'))), None)


def spoken_by_python(said):
    """Return the last lines of the tracebacks in what a server has printed."""
    return '\n'.join(words.last_lines(words.plain(said)))


def text_of(data):
    return words.plain(quoted(data))
