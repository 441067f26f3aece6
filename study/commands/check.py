"""study check: what is faithful in a port, and which rules the rest has broken."""
import contextlib
import os
import re
import threading
import time
import warnings

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from compat import trees
from study import output
from study.commands import CommandLine
from study.errors import StudyError, recipe_named, tree_named
from study.rulebook import findings
from study.rulebook import rules
from study.suite import suite

PAUSE = 0.3  # seconds between two looks at the folder, with --watch


class Unfit(Exception):
    """A recipe that cannot be tested; str() says why, rule is the Rule that explains
    it or None."""

    def __init__(self, why, rule=None):
        Exception.__init__(self, why)
        self.rule = rule


def require_fit(tree, recipe, found):
    """Raise Unfit for a recipe that is not there or that does not compile."""
    path = tree.script(recipe)
    try:
        with open(path, 'rb') as source, warnings.catch_warnings():
            warnings.simplefilter('ignore')
            compile(source.read(), path, 'exec', dont_inherit=True)
    except OSError as error:
        raise Unfit('missing' if not os.path.exists(path) else error.strerror)
    except SyntaxError as error:
        raise Unfit('does not compile: line %s: %s' % (error.lineno, error.msg),
                    syntax_rule(found, (error.text or '').rstrip()))
    except ValueError as error:
        raise Unfit('does not compile: %s' % error)


def syntax_rule(found, line):
    """Return the rule about a line that is no Python 3, or None: one of those that
    a translator of syntax can mend by itself."""
    for rule in found.values():
        if rule.fields['2to3'].startswith('done') and any(
                pattern.search(line) for claim in rule.claims
                for pattern in claim.removed):
            return rule
    return None


@contextlib.contextmanager
def progress_bar(console):
    """Give a function for suite.run() that draws how far it is, on a terminal."""
    if not console.is_terminal:
        yield lambda known, test: None
        return
    columns = (TextColumn('{task.description}'), BarColumn(), TextColumn(
        '{task.completed}/{task.total} tests, {task.fields[failed]} failed'),
        TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task, lock = progress.add_task('testing', total=0, failed=0), threading.Lock()
        total, failed = [0], [0]

        def advance(known, test):
            with lock:
                total[0] += known
                failed[0] += bool(test and test.failed)
                progress.update(task, total=total[0], failed=failed[0],
                                advance=1 if test else 0)
        yield advance


class Checker:
    """Checks recipes of one tree and says on a console what it found."""

    def __init__(self, console, tree, verbose, enough):
        self.console, self.tree, self.verbose = console, tree, verbose
        self.enough = enough  # failed tests of a recipe
        self.rules = rules.load()

    def check(self, recipes):
        """Test some recipes and print the verdict; return whether all are faithful."""
        unfit, fit, begin = {}, [], time.monotonic()
        for recipe in recipes:
            try:
                require_fit(self.tree, recipe, self.rules)
                fit.append(recipe)
            except Unfit as reason:
                unfit[recipe] = reason
        with progress_bar(self.console) as progress:
            results = suite.run(self.tree, fit, progress, self.enough)
        results = {result.recipe: result for result in results}
        for recipe in recipes:
            self.say_verdict(recipe, unfit.get(recipe), results.get(recipe))
        for result in results.values():
            if result.failed:
                self.explain(result)
        good = sum(not result.failed for result in results.values())
        self.say('\n%d of %d recipes in %s are faithful (%d tests, %.0f s).' % (
            good, len(recipes), self.tree.path, sum(len(result.ran) for result
                                                    in results.values()),
            time.monotonic() - begin), 'bold')
        return good == len(recipes)

    def say(self, text, style=''):
        self.console.print(Text(text, style), soft_wrap=True)

    def say_verdict(self, recipe, reason, result):
        """Print one line about a recipe, and the rule it breaks by its syntax."""
        if reason:
            verdict, style = str(reason), 'red'
        elif result.failed:
            verdict, style = 'NOT faithful: %d of %d tests fail' % (
                len(result.failed), len(result.ran)), 'red'
            if len(result.ran) < len(result.tests):
                verdict += ' (of %d: --all runs the others too)' % len(result.tests)
        else:
            verdict, style = 'faithful (%d tests)' % len(result.tests), 'green'
        self.say('%-30s %s' % (recipe, verdict), style)
        if reason and reason.rule:
            self.say('%-30s %s: %s' % ('', reason.rule.id, reason.rule.title))
            self.say('%-30s %s' % ('', reason.rule.link), 'bright_black')

    def explain(self, result):
        """Print the failed tests of a recipe by rule, the likeliest rule first."""
        self.say('\n' + result.recipe, 'bold')
        found = findings.ranked(result.ran, self.rules)
        for place, finding in enumerate(found, 1):
            rule = finding.rule
            if rule:
                self.say('  %d. %s: %s' % (place, rule.id, rule.title), 'magenta')
                self.say('     %s' % rule.link, 'bright_black')
            else:
                self.say('  other: tests that guard no rule', 'magenta')
            for test in finding.tests:
                self.explain_test(test)

    def explain_test(self, test):
        """Print a failed test in two lines, or with its traceback."""
        self.say('       %s' % test.name)
        if self.verbose:
            self.say(test.text)
            return
        message = Text('         ' + short(test.message))
        message.truncate(self.console.width, overflow='ellipsis')
        self.say(message.plain, 'bright_black')


def short(message):
    """Return the first line of an error's message, without its class where that
    says nothing; and where a script has printed a traceback, its last line."""
    line = message.strip().partition('\n')[0]
    printed = re.findall(r'\\n(\w+: .*?)\\n', line.partition('Traceback (most')[2])
    if printed:
        return printed[-1]
    return line.removeprefix('AssertionError: ').removeprefix('compat.process.')


def stamps(tree):
    """Return {recipe: when its file last changed, or None if it is not there}."""
    return {recipe: os.stat(tree.script(recipe)).st_mtime_ns
            if os.path.exists(tree.script(recipe)) else None
            for recipe in trees.RECIPES}


def watch(checker, recipes):
    """Check, and check again what has changed, until Ctrl-C; return as check does."""
    good, changed = {}, recipes
    try:
        while True:
            before = stamps(checker.tree)
            for recipe in changed:
                good[recipe] = False
            if checker.check(changed):
                good.update(dict.fromkeys(changed, True))
            checker.say('Watching; Ctrl-C ends it.')
            changed = []
            while not changed:
                time.sleep(PAUSE)
                now = stamps(checker.tree)
                changed = [name for name in recipes if now[name] != before[name]]
    except KeyboardInterrupt:
        return all(good.values())


def main(argv):
    """Check a folder; return 0 if all of it is faithful, else 1. Raises StudyError."""
    parser = CommandLine(prog='study check', description='Test a port of your own, and '
                         'say which rules of MIGRATION.md it breaks. Exit status: 0 '
                         'faithful, 1 not, 2 bad use.')
    parser.add_argument('folder', metavar='DIR', help='with recipes under their names')
    parser.add_argument('--recipe', action='append', metavar='RECIPE',
                        help='only this one; may be given again')
    parser.add_argument('--watch', action='store_true',
                        help='check again what changes, until Ctrl-C')
    parser.add_argument('--all', action='store_true', help='run all tests of a recipe, '
                        'however many of them fail (else a recipe is done '
                        'after about %d)' % suite.ENOUGH)
    parser.add_argument('--verbose', action='store_true', help='show the tracebacks')
    args = parser.parse_args(argv)
    tree = tree_named(args.folder)
    if tree.major == 2:
        raise StudyError('the originals need Python 2: ./toxw run -e py27 tests them')
    recipes = [recipe_named(name) for name in args.recipe or trees.RECIPES]
    suite.require_packages()
    checker = Checker(output.console(), tree, args.verbose,
                      0 if args.all else suite.ENOUGH)
    if args.watch:
        return 0 if watch(checker, recipes) else 1
    return 0 if checker.check(recipes) else 1
