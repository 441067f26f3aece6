"""Which rule is named first, given which tests fail."""
import pytest

from study.rulebook import findings
from study.rulebook import rules
from study.suite import fit
from study.suite.outcome import Outcome

RULES = rules.load()


def passed(name, kind, *ids):
    return Outcome('tests/test_x.py::test_' + name, kind, list(ids), 'passed')


def failed(name, kind, *ids, text='', asserted=True):
    return Outcome('tests/test_x.py::test_' + name, kind, list(ids), 'failed', '', text,
                   asserted)


def named(tests):
    """Return the ids that findings.ranked() names, in order; None is "other"."""
    return [finding.rule and finding.rule.id
            for finding in findings.ranked(tests, RULES)]


def test_where_all_passes_no_rule_is_named():
    assert named([passed('a', 'unit', 'oserror')]) == []


def test_a_unit_test_speaks_louder_than_a_script():
    assert named([failed('a', 'script', 'print-function'),
                  failed('b', 'unit', 'rounding')]) == ['rounding', 'print-function']


def test_a_test_of_one_rule_speaks_louder_than_one_of_two():
    assert named([failed('a', 'wire', 'bytes-on-the-wire', 'oserror'),
                  failed('b', 'wire', 'newlines')])[0] == 'newlines'


def test_a_rule_most_of_whose_tests_pass_comes_later():
    tests = [failed('a', 'wire', 'bytes-on-the-wire'), failed('b', 'wire', 'newlines')]
    tests += [passed(name, 'wire', 'bytes-on-the-wire') for name in 'cde']
    assert named(tests) == ['newlines', 'bytes-on-the-wire']


def test_many_variants_of_a_test_speak_once():
    tests = [failed('a[%d]' % number, 'wire', 'oserror') for number in range(9)]
    assert named(tests + [failed('b', 'unit', 'rounding')]) == ['rounding', 'oserror']


def test_the_words_of_python_are_heard_whatever_the_test_was_about():
    tests = [failed('a', 'script', text='E   RuntimeError: dictionary changed size '
                                        'during iteration'),
             failed('b', 'script', 'print-function')]
    assert named(tests) == ['dict-views', 'print-function']


@pytest.mark.parametrize('said, name', [
    ("NameError: name 'raw_input' is not defined", 'raw-input'),
    ("NameError: name 'unicode' is not defined", 'text-types'),
    ("AttributeError: 'dict' object has no attribute 'has_key'", 'has-key'),
    ('TypeError: ord() expected string of length 1, but int found', 'bytes-items'),
    ("TypeError: object of type 'filter' has no len()", 'lazy-map'),
    ("AttributeError: 'Thread' object has no attribute 'isAlive'", 'threading-names'),
    ("TypeError: unsupported operand type(s) for >>: 'builtin_function_or_method' and "
     "'_io.TextIOWrapper'", 'print-to-a-file')])
def test_a_mistake_that_our_scripts_do_not_have_is_heard_too(said, name):
    assert named([failed('a', 'script', 'print-function', text='E   ' + said)])[0] == name


def test_words_that_stand_in_the_source_of_a_test_are_not_heard():
    tests = [failed('a', 'script', 'newlines', text='    assert "UnboundLocalError"')]
    assert named(tests) == ['newlines']


def test_an_assertion_speaks_louder_than_an_error_on_the_way():
    assert named([failed('a', 'unit', 'oserror', asserted=False),
                  failed('b', 'unit', 'rounding')]) == ['rounding', 'oserror']


def test_what_guards_no_rule_stands_last():
    assert named([failed('a', 'unit'), failed('b', 'script', 'newlines')]) == [
        'newlines', None]


def test_a_test_stands_once_under_the_likeliest_of_its_rules():
    found = findings.ranked([failed('a', 'unit', 'oserror', 'rounding'),
                             failed('b', 'unit', 'rounding')], RULES)
    assert [len(finding.tests) for finding in found] == [2]


@pytest.mark.parametrize('line, name', [
    ('    print message', 'print-function'),
    ('    except socket.error, error:', 'except-as'),
    ('        umask = os.umask(0177)', 'octal-literals'),
    ('    exec code in names', 'exec'),
    ('    def handle(self, (host, port)):', 'tuple-parameters'),
    ('    key=lambda (host, port): port', 'tuple-parameters'),
    ('    return `data`', 'backticks'),
    ('    while data <> b"":', 'not-equal'),
    ('    print(data <> b"")', 'not-equal'),
    ('    print(`data`)', 'backticks'),
])
def test_a_line_that_is_no_python_3_has_its_rule(line, name):
    assert fit.syntax_rule(RULES, line).id == name


def test_what_python_says_of_a_line_comes_first():
    said = 'leading zeros in decimal integer literals are not permitted'
    assert fit.syntax_rule(RULES, 'print `os.umask(0644)`', said).id == 'octal-literals'


def test_a_line_that_is_no_python_at_all_has_none():
    assert fit.syntax_rule(RULES, 'def (') is None
