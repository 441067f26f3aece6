"""What is written in another way, where fissix's patterns cannot say it."""
import ast
import io
import re
import tokenize

from fissix.fixer_util import syms, token

from study.scanning.findings import Found, at

CHECKS = ('interpreter_line', 'print_function', 'octal_literals', 'no_largest_integer',
          'escapes', 'narrow_builds')
OCTAL = re.compile(r'0[0-7]+[lL]?$')
STRING = re.compile(r'([a-zA-Z]*)(\'\'\'|"""|\'|")')
ESCAPE = re.compile(r'\\(.)', re.DOTALL)
KNOWN = set('\n\\\'"abfnrtv01234567xNuU')


def here(leaf, sentence, part=''):
    """Return Found at a leaf of fissix's tree."""
    return Found(leaf.lineno, leaf.column, leaf.lineno, sentence, part)


def interpreter_line(source, flow):
    first = source.lines[0]
    if source.major == 2 and re.match(r'#!.*\bpython(2[\d.]*)?\b(?!3)', first):
        yield Found(1, 0, 1, 'It names Python 2, or means nothing: say python3.')


def print_function(source, flow):
    if source.major == 3:
        return
    for node in source.by_type[syms.print_stmt]:
        if not is_call(node) and node.children[1].type != token.RIGHTSHIFT:
            yield here(node.children[0], 'print is a function.')
    for node in source.by_type[token.NAME]:
        if node.value == 'print' and node.parent.type == syms.simple_stmt:
            yield here(node, 'print alone prints nothing: print().')


def is_call(node):
    """Return whether a print statement looks like a call with one argument."""
    inside = node.children[1]
    return (len(node.children) == 2 and inside.type == syms.atom
            and inside.children[0].type == token.LPAR and len(inside.children) == 3
            and inside.children[1].type != syms.testlist_gexp)


def numbers(source):
    return source.by_type[token.NUMBER] if source.major == 2 else []


def octal_literals(source, flow):
    for leaf in numbers(source):
        if OCTAL.match(leaf.value) and leaf.value.strip('0lL'):
            yield here(leaf, '%s is 0o%s.' % (leaf.value, leaf.value.lstrip('0')))


def no_largest_integer(source, flow):
    for leaf in numbers(source):
        if leaf.value[-1:] in 'lL':
            yield here(leaf, '%s has no L any more.' % leaf.value)


def escapes(source, flow):
    for one in tokenized(source):
        head = STRING.match(one.string)
        prefix, quote = head.group(1).lower(), head.group(2)
        if 'r' in prefix or 'f' in prefix:
            continue
        body = one.string[head.end():-len(quote)]
        for match in ESCAPE.finditer(body):
            line = one.start[0] + body[:match.start()].count('\n')
            if match.group(1) not in KNOWN:
                yield Found(line, one.start[1], line, '%s begins no escape: double the '
                            'backslash, or use a raw literal.' % match.group(),
                            'silent')
                break
            if source.major == 2 and match.group(1) in 'uUN' and not prefix:
                yield Found(line, one.start[1], line, '%s means a character now.'
                            % match.group())
                break


def tokenized(source):
    """Yield the tokens of literals."""
    try:
        for one in tokenize.generate_tokens(io.StringIO(source.text).readline):
            if one.type == tokenize.STRING:
                yield one
    except (tokenize.TokenError, SyntaxError):
        return


def narrow_builds(source, flow):
    """What asks for sys.maxunicode, by itself or through a name of the module."""
    names = set()
    for node in source.nodes(ast.Attribute) if source.major == 2 else ():
        if ast.unparse(node) == 'sys.maxunicode':
            whole = next(one for one in source.around(node) if isinstance(one, ast.stmt))
            yield at(node, 'A character is one item of a text on every build.')
            if isinstance(whole, ast.Assign):
                names |= {target.id for target in whole.targets
                          if isinstance(target, ast.Name)}
    for node in source.nodes(ast.IfExp):
        if isinstance(node.test, ast.Name) and node.test.id in names:
            outer = [node] + [one for one in source.around(node)
                              if isinstance(one, ast.BinOp)]
            yield at(outer[-1], 'This is for narrow builds, which are gone.')
