"""Python 2 written so that ast reads it: every line keeps its number, and what stands
in it its column where that can be."""
import re

from fissix.fixer_util import Comma, Leaf, Name, syms, token

OCTAL = re.compile(r'0[0-7]+[lL]?$')


def written(tree):
    """Return fissix's tree of Python 2 as text that is good Python 3 as well."""
    tree = tree.clone()
    for node in list(tree.pre_order()):
        if isinstance(node, Leaf):
            leaf(node)
        elif node.type in FORMS:
            FORMS[node.type](node)
    return str(tree)


def leaf(node):
    """Write a number, an operator or the head of a string as Python 3 has it."""
    value = node.value
    if node.type == token.NUMBER:
        if OCTAL.match(value) and value.strip('0lL'):
            value = str(int(value.rstrip('lL'), 8))
        node.value = value.rstrip('lL').ljust(len(node.value))
    elif node.type == token.NOTEQUAL:
        node.value = '!='
    elif node.type == token.STRING and value[:2].lower() == 'ur':
        node.value = value[1:]


def parenthesized(node, name, parts):
    """Make a statement the call of a function: its space becomes the parenthesis."""
    if parts:
        parts[0].prefix = parts[0].prefix[1:]
    prefix = node.prefix
    node.children = []
    for part in [Leaf(token.NAME, name), Leaf(token.LPAR, '('), *parts,
                 Leaf(token.RPAR, ')')]:
        part.parent = None
        node.append_child(part)
    node.prefix = prefix


def print_statement(node):
    """The file of print >>file becomes a first argument with a star."""
    parts = node.children[1:]
    if parts and parts[0].type == token.RIGHTSHIFT:
        parts[0].value = ' *'
    parenthesized(node, 'print', parts)


def exec_statement(node):
    parts = [Comma() if str(part).strip() == 'in' else part
             for part in node.children[1:]]
    parenthesized(node, 'exec', parts)


def except_clause(node):
    """except E, name: with "as"; what is no name gets one."""
    if len(node.children) == 4 and node.children[2].type == token.COMMA:
        node.children[2].replace(Name('as', prefix=' '))
        target = node.children[3]
        if target.type != token.NAME:
            target.replace(Name('_', prefix=target.prefix))


def raise_statement(node):
    """raise E, value as raise E(value); a traceback is dropped."""
    parts = node.children
    if len(parts) > 2 and parts[2].type == token.COMMA:
        kind, value = parts[1], parts[3]
        node.children = node.children[:1]
        for part in (kind, Leaf(token.LPAR, '('), value, Leaf(token.RPAR, ')')):
            part.parent = None
            node.append_child(part)


def backticks(node):
    if node.children[0].type == token.BACKQUOTE:
        node.children[0].replace(Leaf(token.NAME, 'repr(', prefix=node.prefix))
        node.children[-1].replace(Leaf(token.RPAR, ')'))


def parameter(node):
    """A tuple in a list of parameters gets one name, of the names in it."""
    names = [part.value for part in node.leaves() if part.type == token.NAME]
    node.replace(Name('_'.join(names), prefix=node.prefix))


FORMS = {syms.print_stmt: print_statement, syms.exec_stmt: exec_statement,
         syms.except_clause: except_clause, syms.raise_stmt: raise_statement,
         syms.atom: backticks, syms.tfpdef: parameter, syms.vfpdef: parameter}
