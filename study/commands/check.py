"""study check: what is faithful in a port, and which rules the rest breaks."""
import collections
import contextlib
import os
import time

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from study import names
from study import output
from study.commands import CommandLine
from study.errors import StudyError
from study.names import name_of, tree_named
from study.rulebook import findings
from study.rulebook import rules
from study.rulebook import words
from study.suite import fit
from study.suite import suite

PAUSE = 0.3  # seconds between two checks of the folder, with --watch


@contextlib.contextmanager
def progress_bar(console):
    """A context: a function for suite.run() that draws its progress on a terminal."""
    if not console.is_terminal:
        yield lambda known, test: None
        return
    columns = (TextColumn('{task.description}'), BarColumn(), TextColumn(
        '{task.completed}/{task.total} tests, {task.fields[failed]} failed'),
        TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task, total, failed = progress.add_task('testing', total=0, failed=0), [0], [0]

        def advance(known, test):
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

    def check(self, chosen):
        """Test some recipes and shared modules, and print the verdict; return whether
        all are faithful."""
        begin, unfit = time.monotonic(), fit.unfit(self.tree, names.NAMES, self.rules)
        asked = fit.needed(self.tree, chosen).union(chosen)
        for name, reason in unfit.items():
            if name in asked:
                self.say_unfit(name, reason)
        chosen = fit.with_users(self.tree, chosen, unfit)
        with progress_bar(self.console) as progress:
            results = suite.run(self.tree, [name for name in chosen if name not in unfit],
                                progress, self.enough, without=unfit)
        for result in results:
            self.say_verdict(result)
        for result in results:
            if result.failed:
                self.explain(result)
        good = [result.recipe for result in results if is_faithful(result)]
        self.say('\n%s in %s are faithful (%d tests, %.0f s).' % (
            names.counted(good, chosen), self.tree.path,
            len(set().union(*(ids_of(result.ran) for result in results))),
            time.monotonic() - begin), 'bold')
        return len(good) == len(chosen)

    def say(self, text, style=''):
        self.console.print(Text(text, style), soft_wrap=True)

    def say_unfit(self, name, reason):
        """Print why something cannot be tested, and the rule that it breaks."""
        line = str(reason)
        if name in names.SHARED:
            line += ' (port it first: the recipes import it)'
        self.say('%-30s %s' % (name, line), 'red')
        if reason.rule:
            self.say('%-30s %s: %s' % ('', reason.rule.id, reason.rule.title))
            self.say('%-30s %s' % ('', reason.rule.link), 'bright_black')

    def say_verdict(self, result):
        """Print in one line what the suite says."""
        asked = len(result.ran) - len(result.skipped)
        if result.failed:
            verdict, style = 'NOT faithful: %d of %d tests fail' % (
                len(result.failed), asked), 'red'
        elif is_faithful(result):
            verdict, style = 'faithful (%d tests)' % asked, 'green'
        else:
            verdict, style = 'NOT known: only %d tests were run' % asked, 'red'
        if len(result.ran) < len(result.tests):
            verdict += ' (of %d: --all runs the others too)' % len(result.tests)
        self.say('%-30s %s' % (result.recipe, verdict), style)
        for reason, count in collections.Counter(
                test.message for test in result.skipped).items():
            self.say('%-30s %d more could not be run: %s' % ('', count, reason),
                     'yellow')

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
            self.say(words.plain(test.text))
            return
        message = Text('         ' + short(test))
        message.truncate(self.console.width, overflow='ellipsis')
        self.say(message.plain, 'bright_black')


def is_faithful(result):
    """Return whether a recipe has tests, all of them were run, and none failed."""
    return bool(result.tests) and not result.failed and (
        len(result.ran) == len(result.tests))


def ids_of(tests):
    return {test.id for test in tests}


def short(test):
    """Return in a line why a test failed: the last line of a traceback, if a script has
    printed one, or else the first of the test's own message."""
    message = words.plain(test.message).strip()
    if message.startswith('ExceptionGroup: '):  # the test's and its fixtures'
        message = '\n'.join(words.of_group(test)) or message
    printed = (words.last_lines(message.partition('Traceback (most')[2])[-1:]
               or words.worth_reading(words.last_lines(words.plain(test.said))))
    if printed:
        return printed[0]
    line = message.partition('\n')[0]
    return line.removeprefix('AssertionError: ').removeprefix('compat.process.')


def stamps(tree):
    """Return {name: when its file last changed, or None if it is not there}."""
    return {name: os.stat(tree.script(name)).st_mtime_ns
            if os.path.exists(tree.script(name)) else None for name in names.NAMES}


def changed(tree, chosen, before, now):
    """Return those of the chosen whose file, or a shared module that they import, has
    a new stamp."""
    return [name for name in chosen if any(
        before[other] != now[other] for other in {name} | fit.needed(tree, [name]))]


def watch(checker, chosen):
    """Check, and check again what has changed, until Ctrl-C; return as check does."""
    good, again = {}, chosen
    try:
        while True:
            before = stamps(checker.tree)
            good.update(dict.fromkeys(again, False))
            if checker.check(again):
                good.update(dict.fromkeys(again, True))
            checker.say('Watching; Ctrl-C ends it.')
            again = []
            while not again:
                time.sleep(PAUSE)
                again = changed(checker.tree, chosen, before, stamps(checker.tree))
    except KeyboardInterrupt:
        return all(good[name] for name in chosen)


def main(argv):
    """Check a folder; return 0 if all of it is faithful, else 1. Raises StudyError."""
    parser = CommandLine(prog='study check', description='Test a port of your own, and '
                         'say which rules of MIGRATION.md it breaks. Exit status: 0 '
                         'faithful, 1 not, 2 bad use.')
    parser.add_argument('folder', metavar='DIR', help='with recipes under their names')
    parser.add_argument('--recipe', action='append', metavar='NAME', help='only this '
                        'recipe, or shared module; may be given again')
    parser.add_argument('--watch', action='store_true',
                        help='check again what changes, until Ctrl-C')
    parser.add_argument('--list', action='store_true',
                        help='run nothing: print the ids of the tests, one a line')
    parser.add_argument('--all', action='store_true', help='run all tests of a recipe, '
                        'however many of them fail (else a recipe is done '
                        'after about %d)' % suite.ENOUGH)
    parser.add_argument('--verbose', action='store_true', help='show the tracebacks')
    args = parser.parse_args(argv)
    tree = tree_named(args.folder)
    if tree.major == 2:
        raise StudyError('the originals need Python 2: ./toxw run -e py27 tests them')
    chosen = [name_of(name) for name in args.recipe or names.NAMES]
    suite.require_packages()
    if args.list:
        for test in suite.tests_about(tree, chosen):
            print(test.id)
        return 0
    checker = Checker(output.console(), tree, args.verbose,
                      0 if args.all else suite.ENOUGH)
    if args.watch:
        return 0 if watch(checker, chosen) else 1
    return 0 if checker.check(chosen) else 1
