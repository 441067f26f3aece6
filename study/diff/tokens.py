"""The tokens of a source, line by line, so that two sources can be compared by them.

The library's tokenize reads Python 3, and fissix's reads Python 2. Their tokens are cut
further, into words, so that a claim of MIGRATION.md can speak of a part of a literal, of
a comment or of a docstring:

    b'Hello, %s'      b'   Hello   ,   (a space)   %   s   '
    # as in 2.7       #   as   in   2   .   7

Every statement begins with a token of its own, a line feed and its indent. Other white
space counts within literals only, and not in docstrings.
"""
import io
import re
import token
import tokenize

WORD = re.compile(r'\\.|\w+|\s+|.')
LITERAL = re.compile(r"""(\w*)('{3}|"{3}|'|")(.*)\2""", re.DOTALL)
SPACE = {'INDENT', 'DEDENT', 'NEWLINE', 'NL', 'ENDMARKER'}


def words(text):
    """Return the words of a text, without white space."""
    return [word for word in WORD.findall(text) if not word.isspace()]


def start(indent):
    """Return the token that a statement begins with. indent counts its spaces."""
    return '\n' + ' ' * indent


def is_start(word):
    return word.startswith('\n')


def literal(text, docstring=False):
    """Return the tokens of a literal, a list for each of its lines. Its first token is
    its prefix and quotes, its last its quotes; a line feed is what its escape is."""
    prefix, quotes, inside = LITERAL.fullmatch(text).groups()
    if docstring:
        found = [words(line) for line in inside.split('\n')]
    else:
        found = [WORD.findall(line) + [r'\n'] for line in inside.split('\n')]
        found[-1].pop()
    found[0].insert(0, prefix + quotes)
    found[-1].append(quotes)
    return found


def by_line(side, lines):
    """Return {line number: its tokens} of a source, given its lines. side is '-' for
    Python 2 and '+' for Python 3."""
    found, begins = {}, True
    for kind, text, (row, column) in scanned(side, lines):
        if kind in SPACE:
            begins = begins or kind == 'NEWLINE'
            continue
        is_literal = kind == 'STRING'
        pieces = literal(text, docstring=begins) if is_literal else [words(text)]
        if begins and kind != 'COMMENT':
            pieces[0].insert(0, start(column))
            begins = False
        for number, piece in enumerate(pieces, row):
            found.setdefault(number, []).extend(piece)
    return found


def scanned(side, lines):
    """Yield what a tokenizer makes of a source: the name of a kind, the text, where it
    begins."""
    if side == '-':
        from fissix.pgen2 import tokenize as scanner, token as kinds
    else:
        scanner, kinds = tokenize, token
    source = io.StringIO('\n'.join(lines) + '\n')
    for kind, text, begin, *_ in scanner.generate_tokens(source.readline):
        yield kinds.tok_name[kind], text, begin
