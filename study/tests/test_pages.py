"""The pages for people: what they show stands in the trees, and no link is dead."""
import configparser
import os
import re

import pytest

from compat import trees

PAGES = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'MIGRATION.md',
         'benchmarks/README.md', 'tests/README.md', 'study/recording/FORMAT.md']
LINK = re.compile(r'\[[^]]*\]\(([^)#]*)(?:#([^)]*))?\)')


def read(path):
    with open(os.path.join(trees.ROOT, path), encoding='utf-8') as source:
        return source.read()


def anchors(page):
    """Return the anchors that GitHub gives the headings of a page."""
    titles = re.findall('^#+ (.+)$', read(page), re.MULTILINE)
    return [re.sub(r'[^\w -]', '', title).lower().replace(' ', '-') for title in titles]


@pytest.mark.parametrize('page', PAGES)
def test_every_link_leads_somewhere(page):
    for path, anchor in LINK.findall(read(page)):
        if path.startswith('https:'):
            continue
        target = os.path.normpath(os.path.join(os.path.dirname(page), path))
        target = target if path else page
        assert os.path.exists(os.path.join(trees.ROOT, target)), path
        if anchor:
            assert anchor in anchors(target), anchor


def test_the_first_diff_of_readme_stands_in_the_trees():
    lines = re.search('```diff\n(.*?)```', read('README.md'), re.DOTALL).group(1)
    head, *lines = lines.splitlines()
    recipe = re.search(r'(\w+)\.py', head).group(1)
    for side, tree in (('-', 'py2_original'), ('+', 'py3')):
        wanted = '\n'.join(line[1:] for line in lines if line[0] in (side, ' '))
        with open(trees.named(tree).script(recipe), encoding='utf-8') as source:
            assert wanted in source.read(), tree


@pytest.mark.parametrize('page', PAGES)
def test_a_script_that_a_page_names_is_there(page):
    for path in re.findall(r'\b((?:py3|py2_original)/[a-z]\w+\.py)\b', read(page)):
        assert os.path.exists(os.path.join(trees.ROOT, path)), path


@pytest.mark.parametrize('page', PAGES)
def test_a_test_that_a_page_names_is_there(page):
    suites = ''.join(read(os.path.join(folder, name))
                     for folder in ('tests', 'tests/diesel', 'study/tests')
                     for name in os.listdir(os.path.join(trees.ROOT, folder))
                     if name.endswith('.py'))
    for name in re.findall(r'`(test_\w+)`', read(page)):
        assert 'def %s(' % name in suites or os.path.exists(
            os.path.join(trees.ROOT, 'study/tests', name + '.py')), name


def test_readme_names_the_oldest_and_the_newest_interpreter():
    minors = [int(minor) for minor in re.findall(r'\bpy3(\d+)\b', read('tox.ini'))]
    assert '3.%d to 3.%d' % (min(minors), max(minors)) in read('README.md')


def test_pip_installs_packages_and_no_module_of_ours():
    setup = configparser.ConfigParser()
    setup.read(os.path.join(trees.ROOT, 'setup.cfg'))
    options = setup['options']
    assert (options['packages'], options['py_modules']) == ('', '')
    assert {'six', 'diesel', 'greenlet', 'h11'} == set(
        re.findall(r'^\w+', options['install_requires'], re.MULTILINE))
