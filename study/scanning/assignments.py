"""Which assignment a use of a variable sees, where that is sure.

In "data = data.decode()" the second line after it sees text, whatever data was before.
"""
import ast

LOOPS = (ast.For, ast.AsyncFor, ast.While)


def last(source, scope, use):
    """Return the target of the one assignment that a use of a name sees, a parameter if
    it is none yet, or None. Both stand in a function, or in the module."""
    function = scope.node
    around = list(source.around(use))
    if function not in around:
        return None
    around = around[:around.index(function) + 1]
    if any(isinstance(one, (ast.Lambda, ast.comprehension, ast.ListComp,
                            ast.GeneratorExp)) for one in around):
        return None
    others = bindings(source, function).get(use.id, [])
    before = [node for node in others if end_of(source, node) <= place(use)]
    loops = [set(ast.walk(one)) for one in around if isinstance(one, LOOPS)]
    if not before:
        changed = any(node in inside for inside in loops for node in others)
        return None if changed or use.id not in scope.parameters else (
            scope.parameter(use.id))
    found = max(before, key=place)
    statement = source.parents[found]
    if not isinstance(statement, ast.Assign) or source.parents[statement] not in around:
        return None
    if not same_branch(source.parents[statement], statement, around):
        return None
    for inside in loops:
        if found not in inside and any(node in inside for node in others):
            return None
    return found


def is_guarded(source, function, use):
    """Return whether it is asked above a use of a name what type it has: then text has
    become bytes there, or the other way round."""
    if function not in source.asked:
        source.asked[function] = [
            (node.args[0].id, node.lineno) for node in ast.walk(function)
            if isinstance(node, ast.Call) and node.args
            and isinstance(node.func, ast.Name) and isinstance(node.args[0], ast.Name)
            and node.func.id in ('isinstance', 'hasattr')]
    return any(name == use.id and line < use.lineno
               for name, line in source.asked[function])


def same_branch(parent, statement, around):
    """Return whether a use stands in the block of a statement, and not in another block
    of the same parent (its else)."""
    for block in ('body', 'orelse', 'finalbody', 'handlers'):
        parts = getattr(parent, block, None)
        if isinstance(parts, list) and statement in parts:
            return any(part in around for part in parts)
    return False


def bindings(source, function):
    """Return {name: the nodes that bind it} in a function."""
    if function not in source.bound:
        found = source.bound[function] = {}
        for node in ast.walk(function):
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                found.setdefault(node.id, []).append(node)
    return source.bound[function]


def end_of(source, target):
    """Return where the statement of a target ends."""
    statement = next(one for one in source.around(target) if isinstance(one, ast.stmt))
    if isinstance(statement, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
        return statement.end_lineno, statement.end_col_offset
    return place(target)


def place(node):
    return node.lineno, node.col_offset
