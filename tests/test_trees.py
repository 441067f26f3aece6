"""The two trees match, and the shim knows its way around them."""
import os
import re
import subprocess
import sys
import types

import pytest

from compat import interpreters
from compat import process
from compat import trees
from tests import about


every_file = pytest.mark.parametrize('name', trees.RECIPES + trees.SHARED)


def files(folder):
    return sorted(name for name in os.listdir(folder) if name.endswith('.py'))


@pytest.mark.unit
@pytest.mark.about()
def test_both_trees_have_the_same_files():
    original, port = trees.named('py2_original'), trees.named('py3')
    assert files(original.path) == files(port.path)


@pytest.mark.unit
@every_file
def test_every_recipe_stands_in_the_tree_under_test(tree, name):
    assert os.path.exists(tree.script(name))


@pytest.mark.unit
@every_file
def test_a_recipe_says_what_it_teaches(recipe, name):
    assert len(recipe(name).__doc__.splitlines()) >= 3


@pytest.mark.unit
@every_file
def test_every_public_name_says_what_it_is(recipe, name):
    module = recipe(name)
    silent = [thing for thing, value in sorted(vars(module).items())
              if getattr(value, '__module__', None) == module.__name__
              and not thing.startswith('_') and thing != 'main' and not value.__doc__]
    assert silent == []


@pytest.mark.unit
@pytest.mark.rule('interpreter-line')
@pytest.mark.parametrize('name', trees.RECIPES)
def test_a_script_names_an_interpreter_that_can_run_it(tree, name):
    line = first_line(tree, name).decode('ascii')
    assert re.match('#!/usr/bin/env python%d(\\.[0-9]+)?\n$' % tree.major, line), line


def first_line(tree, name):
    with open(tree.script(name), 'rb') as source:
        return source.readline()


@pytest.mark.unit
@pytest.mark.rule('newlines')
@pytest.mark.parametrize('name', about.NAMES)
def test_a_script_has_no_carriage_return(tree, name):
    with open(tree.script(name), 'rb') as source:
        assert b'\r' not in source.read()


@pytest.mark.script
@pytest.mark.rule('interpreter-line')
@pytest.mark.parametrize('name', trees.RECIPES)
def test_a_script_is_started_by_its_path(tree, name, folder):
    # What its first line asks for is the Python of these tests, and no other.
    python = os.path.join(folder, first_line(tree, name).split()[-1].decode('ascii'))
    with open(python, 'w') as target:
        target.write('#!/bin/sh\nexec %s "$@"\n' % interpreters.find(tree.major))
    os.chmod(python, 0o700)
    path = os.pathsep.join([folder, os.environ['PATH']])
    environment = process.environment_of(tree, process.surroundings())
    try:
        child = subprocess.Popen([tree.script(name), '--help'], stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE,
                                 env=dict(environment, PATH=path))
        output, error = child.communicate()
    finally:
        os.unlink(python)
    assert (child.returncode, error) == (0, b'')
    assert output.startswith(b'usage: ' + name.encode('ascii') + b'.py ')


@pytest.mark.unit
@pytest.mark.about()
def test_importing_a_recipe_twice_gives_two_modules(recipe):
    first, second = recipe('tcp_server'), recipe('tcp_server')
    assert first is not second


@pytest.mark.unit
@pytest.mark.about()
def test_a_recipe_has_the_shared_modules_of_its_own_tree(recipe, tree):
    first, second = recipe('tcp_server'), recipe('tcp_server')
    assert first.serving is not second.serving
    assert os.path.dirname(os.path.abspath(first.serving.__file__)) == tree.path


@pytest.mark.unit
@pytest.mark.about()
def test_shared_modules_are_in_nobodys_way(recipe, monkeypatch):
    ours = types.ModuleType('console')
    monkeypatch.setitem(sys.modules, 'console', ours)
    monkeypatch.delitem(sys.modules, 'serving', raising=False)
    recipe('tcp_server')
    assert sys.modules['console'] is ours
    assert 'serving' not in sys.modules


@pytest.mark.unit
@pytest.mark.about()
def test_a_folder_without_recipes_is_no_tree(folder):
    with pytest.raises(trees.TreeError) as caught:
        trees.Tree(folder)
    assert str(caught.value) == 'no recipe in folder: ' + folder


@pytest.mark.unit
@pytest.mark.about()
def test_a_missing_folder_is_no_tree(folder):
    with pytest.raises(trees.TreeError) as caught:
        trees.Tree(os.path.join(folder, 'x'))
    assert str(caught.value) == 'no such folder: ' + os.path.join(folder, 'x')


@pytest.mark.unit
@pytest.mark.about()
def test_an_unknown_recipe_is_said_to_be_missing(tree):
    with pytest.raises(trees.TreeError) as caught:
        trees.load('gopher_server', tree)
    assert str(caught.value) == 'no recipe gopher_server in ' + tree.path


@pytest.mark.unit
@pytest.mark.about()
def test_the_tree_can_be_named_in_the_environment(tree, monkeypatch):
    monkeypatch.setenv('PORT_TREE', trees.named('py2_original').path)
    assert trees.current_tree().major == 2
    monkeypatch.setenv('PORT_TREE', trees.named('py3').path)
    assert trees.current_tree().major == 3


@pytest.mark.unit
@pytest.mark.about()
def test_the_matrix_is_2_7_and_every_3_from_3_6_on_and_pypy():
    newest = interpreters.VERSIONS[-1][1]
    assert interpreters.VERSIONS == [(2, 7)] + [(3, n) for n in range(6, newest + 1)]
    assert newest >= 15
    assert 'pypy3' in interpreters.WELCOME


@pytest.mark.unit
@pytest.mark.about()
def test_a_file_that_is_not_an_interpreter_is_passed_over():
    assert interpreters.version('/no/such/python') is None
    assert interpreters.version('/bin/echo') is None


@pytest.mark.unit
@pytest.mark.about()
@pytest.mark.parametrize('major', [2, 3])
def test_a_missing_interpreter_is_one_line_that_helps(monkeypatch, major):
    monkeypatch.setattr(interpreters, 'version', lambda executable: None)
    with pytest.raises(interpreters.InterpreterMissing) as caught:
        interpreters.find(major)
    text = str(caught.value)
    assert 'pyenv install' in text
    assert '\n' not in text


@pytest.mark.unit
@pytest.mark.about()
def test_the_interpreter_of_a_tree_can_be_named(monkeypatch):
    monkeypatch.setenv('PORT_PYTHON2', '/some/python')
    monkeypatch.setenv('PORT_PYTHON3', '/some/python')
    monkeypatch.setattr(interpreters, 'version', {'/some/python': (3, 9)}.get)
    assert interpreters.find(3) == '/some/python'
