"""Source text as HTML, a line at a time, with few colours: see static/report.css."""
import functools

from markupsafe import Markup, escape
from pygments import lexers
from pygments import token

# A token has the class of the first type here that its own belongs to.
CLASSES = (
    (token.Comment, 'c'), (token.String, 's'), (token.Number, 'm'),
    (token.Operator.Word, 'k'), (token.Keyword, 'k'),
    (token.Name.Function, 'd'), (token.Name.Class, 'd'), (token.Name.Decorator, 'd'),
)
LEXERS = {2: 'python2', 3: 'python3'}


@functools.lru_cache(maxsize=None)
def lexer(major):
    return lexers.get_lexer_by_name(LEXERS[major], stripnl=False)


@functools.lru_cache(maxsize=None)
def css_class(kind):
    """Return the class of a Pygments token type, '' for plain text."""
    return next((name for outer, name in CLASSES if kind in outer), '')


def lines(text, major):
    """Return the lines of Python source, each a list of (class, text)."""
    found = [[]]
    for kind, value in lexer(major).get_tokens(text):
        first, *others = value.split('\n')
        found[-1].append((css_class(kind), first))
        for part in others:
            found.append([(css_class(kind), part)])
    return [[piece for piece in line if piece[1]] for line in found]


def marked(pieces, spans=()):
    """Return a line as Markup, with the (begin, end) of spans in <mark>."""
    return Markup('').join(
        Markup('<mark>%s</mark>') % html if inside else html
        for inside, html in runs(pieces, spans))


def runs(pieces, spans):
    """Yield (whether it is within a span, its Markup) for each stretch of a line."""
    edges = sorted({edge for span in spans for edge in span})
    position = 0
    for name, text in pieces:
        end = position + len(text)
        cuts = [position] + [edge for edge in edges if position < edge < end] + [end]
        for begin, stop in zip(cuts, cuts[1:]):
            inside = any(first <= begin < last for first, last in spans)
            yield inside, coloured(name, text[begin - position:stop - position])
        position = end


def coloured(name, text):
    return Markup('<span class="%s">%s</span>') % (name, text) if name else escape(text)
