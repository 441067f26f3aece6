"""The tests that guard rules, found in tests/ without importing anything."""
import ast
import glob
import os
from dataclasses import dataclass

from compat import trees

STATEMENTS = os.path.join(trees.ROOT, 'study', 'tests', 'test_statements.py')


@dataclass(frozen=True)
class Guard:
    """A test function. file is relative to the project, rules are ids."""

    name: str
    file: str
    line: int
    rules: tuple


def load():
    """Return the Guards in tests/, sorted by file and line, and those of the rules'
    statements."""
    pattern = os.path.join(trees.ROOT, 'tests', '**', 'test_*.py')
    return [guard for path in sorted(glob.glob(pattern, recursive=True)) + [STATEMENTS]
            for guard in in_file(path)]


def in_file(path):
    with open(path, encoding='utf-8') as source:
        tree = ast.parse(source.read())
    return [Guard(node.name, os.path.relpath(path, trees.ROOT), node.lineno,
                  tuple(marks(node)))
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef) and node.name.startswith('test_')]


def marks(function):
    """Return the rules that a test's decorators name."""
    return [argument.value for decorator in function.decorator_list
            if isinstance(decorator, ast.Call)
            and ast.unparse(decorator.func) in ('pytest.mark.rule', 'rule')
            for argument in decorator.args]


def of_rule(guards, rule):
    """Return the Guards of a rule: first those that MIGRATION.md names for it, in
    its order, then the others that carry its name."""
    named = [guard for name in rule.tests for guard in guards if guard.name == name]
    return named + [guard for guard in guards
                    if rule.id in guard.rules and guard not in named]
