"""The pages of the report, from Jinja2 templates."""
import glob
import os
import re
import shutil

import jinja2

from compat import trees
from study.names import NAMES
from study.report import guards
from study.report import guide
from study.report import hierarchy
from study.report import pairs
from study.report import prose
from study.report import results
from study.report import snippets
from study.rulebook import rules as rulebook

HERE = os.path.dirname(__file__)
STATIC = os.path.join(HERE, 'static')
PLOTS = os.path.join(trees.ROOT, 'benchmarks', 'results', '*.svg')


class Site:
    """Everything that the pages show. runs is a list of results.Run, files one of
    scanned.File; both may be empty."""

    def __init__(self, runs, files=()):
        text = guide.read()
        self.rules = rulebook.parse(text)
        self.sections = guide.sections(text)
        self.guards = guards.load()
        self.runs, self.files = runs, files
        self.pairs = [pairs.Pair(recipe, self.rules) for recipe in NAMES]
        self.prose = prose.Prose(guide.anchors(text), self._words())
        self.templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(os.path.join(HERE, 'templates')),
            autoescape=True, trim_blocks=True, lstrip_blocks=True,
            undefined=jinja2.StrictUndefined)
        self.templates.globals.update(
            site=self, markdown=self.prose.page, inline=self.prose.line,
            rule_page=guide.rule_page, pair_page=guide.pair_page, words=results.WORDS,
            verdict=verdict, snippet_rows=snippets.rows, file_slug=results.slug,
            chapters=guide.chapters(self.sections), mechanical=guide.MECHANICAL)

    def _words(self):
        """Return {code span: place}: names of rules and of recipes become links."""
        words = {name: guide.rule_page(name) for name in self.rules}
        words.update({recipe + '.py': guide.pair_page(recipe)
                      for recipe in NAMES})
        return words

    def write(self, folder):
        """Write all pages into a folder; return the absolute path of the first."""
        folder = os.path.abspath(folder)
        shutil.copytree(STATIC, folder, dirs_exist_ok=True)
        plots = sorted(glob.glob(PLOTS))
        for plot in plots:
            shutil.copy(plot, folder)
        for name, template, values in self.pages(plots):
            with open(os.path.join(folder, name), 'w', encoding='utf-8') as target:
                target.write(self.templates.get_template(template).render(
                    page=name, **values))
        return os.path.join(folder, 'index.html')

    def pages(self, plots):
        """Yield (name of file, template, its values) for each page."""
        yield 'index.html', 'index.html', {}
        yield 'rules.html', 'rules.html', {}
        walks = guide.walks(self.sections)
        for pair, before, after in neighbours(self.pairs):
            yield guide.pair_page(pair.recipe), 'pair.html', {
                'pair': pair, 'before': before, 'after': after,
                'walk': walks.get(pair.recipe, '')}
        for rule, before, after in neighbours(list(self.rules.values())):
            yield guide.rule_page(rule.id), 'rule.html', {
                'rule': rule, 'before': before, 'after': after,
                'occurrences': self.occurrences(rule)}
        for section in guide.chapters(self.sections):
            yield section.page, 'chapter.html', {'section': section}
        figures, missing = hierarchy.figures()
        yield 'classes.html', 'classes.html', {'figures': figures, 'missing': missing}
        yield 'tests.html', 'tests.html', {'files': results.by_file(self.runs)}
        if self.files:
            yield 'scanned.html', 'scanned.html', {}
        for one, before, after in neighbours(list(self.files)):
            yield one.page, 'scanned-file.html', {
                'file': one, 'before': before, 'after': after}
        yield 'benchmarks.html', 'benchmarks.html', {
            'plots': [(os.path.basename(plot), plot_title(plot)) for plot in plots]}

    def occurrences(self, rule):
        """Return [(Pair, its Changes that a rule explains)] where there are any."""
        found = [(pair, [change for change in pair.changes if rule.id in change.rules])
                 for pair in self.pairs]
        return [(pair, found_there) for pair, found_there in found if found_there]

    def tests_of(self, rule):
        """Return [(Guard, Counter of its outcomes)] for a rule."""
        return [(guard, results.of_test(self.runs, guard.file, guard.name))
                for guard in guards.of_rule(self.guards, rule)]


def neighbours(items):
    """Yield (item, the one before, the one after), with None at the ends."""
    for before, item, after in zip([None] + items, items, items[1:] + [None]):
        yield item, before, after


def verdict(rule):
    """Return the word for what 2to3 makes of a rule: done, half done or silent."""
    return re.match(r'[\w ]*', rule.fields.get('2to3', '')).group().strip()


def plot_title(path):
    """Return what a plot shows: its own title, or else the words of its name."""
    with open(path, encoding='utf-8') as source:
        found = re.search(r'<title[^>]*>([^<]+)</title>', source.read())
    name = os.path.splitext(os.path.basename(path))[0]
    return found.group(1) if found else name.replace('-', ' ').replace('_', ' ')
