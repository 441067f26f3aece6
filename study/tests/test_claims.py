"""What a claim explains, and what is left over: by small sources."""
import pytest

from study.diff import tokens
from study.rulebook import claims
from study.rulebook import rules

CLAIMS = rules.parse('''### `one`: One
```claims
- print …
+ print(…)

- except …,
+ except … as

- socket.error
+ OSError

- '…'
+ b'…'

- '…%d…'
+ b'…%d…'

+ import math

-     while waiting():
-         …
+     …
```
''')['one'].claims
PRINT, EXCEPT, _, LITERAL, FORMAT = CLAIMS[:5]


def read(side, source):
    found = tokens.by_line(side, source.split('\n'))
    return [word for number in sorted(found) for word in found[number]]


def compared(old, new, known=CLAIMS):
    """Return the claims that lead from one source to the other, and what is left over
    of both."""
    one, other = read('-', old), read('+', new)
    steps = claims.steps(one, other, known)
    left = [words[place] for step in steps if not step.claim
            for words, places in ((one, step.old), (other, step.new)) for place in places]
    return [step.claim for step in steps if step.claim], left


@pytest.mark.parametrize('old, new', [
    ('print x', 'print(x)'),
    ('print x, y\nprint z', 'print(x, y)\nprint(z)'),
    ('try:\n  f()\nexcept E, e:\n  g()', 'try:\n  f()\nexcept E as e:\n  g()'),
    ('try:\n  f()\nexcept socket.error, e:\n  g()',
     'try:\n  f()\nexcept OSError as e:\n  g()'),
    ("print 'a' + ''", "print(b'a' + b'')"),
    ('"""Raise socket.error\nif so."""', '"""Raise\nOSError if so."""'),
    ('x = 1', 'import math\nx = 1'),
    ('f(a,\n  b)', 'f(a, b)'),
    ('def f():\n    while waiting():\n        g()', 'def f():\n    g()'),
])
def test_what_is_claimed_leaves_nothing_over(old, new):
    assert compared(old, new)[1] == []


@pytest.mark.parametrize('old, new, left', [
    ('print x', 'print(y)', ['x', 'y']),
    ('print x', 'print(x, )', [',']),
    ('print x', 'print(x, 1)', [',', '1']),
    ('print x, y', 'print(x), y', ['(', ')']),
    ('# so', '# so import math', ['import', 'math']),
    ("send('a\\n')", "send(b'a\\r\\n')", [r'\r']),
    ("send('a b')", "send(b'a  b')", [' ', '  ']),
    ("send('a')", "send(b\"a\")", ["'", 'b"', "'", '"']),
    ('# so it is', '# so it was', ['is', 'was']),
    ('if x:\n    y()\nz()', 'if x:\n    y()\n    z()', ['\n', '\n    ']),
    ('f(a)', 'f(a, import_math)', [',', 'import_math']),
    ('try:\n  f()\nexcept E, e:\n  g()', 'try:\n  f()\nexcept E as x:\n  g()',
     ['e', 'x']),
    ('except E:\n  f(a, b)', 'except E:\n  f(a as b)', [',', 'as']),
])
def test_what_is_not_claimed_is_left_over(old, new, left):
    assert sorted(compared(old, new)[1]) == sorted(left)


@pytest.mark.parametrize('known', [CLAIMS, CLAIMS[::-1]])
def test_of_two_claims_the_one_that_says_more_is_taken(known):
    assert set(compared("send('%d' % n)", "send(b'%d' % n)", known)[0]) == {FORMAT}
    assert set(compared("send('%s' % n)", "send(b'%s' % n)", known)[0]) == {LITERAL}


def test_a_source_is_cut_into_its_words():
    assert tokens.by_line('-', ['if x:', '    print "a, b"  # as in 2.7', '',
                                '    """Or', '    so."""']) == {
        1: ['\n', 'if', 'x', ':'],
        2: ['\n    ', 'print', '"', 'a', ',', ' ', 'b', '"',
            '#', 'as', 'in', '2', '.', '7'],
        4: ['\n    ', '"""', 'Or'], 5: ['so', '.', '"""']}


def test_a_line_feed_in_a_literal_is_its_escape():
    assert tokens.by_line('+', ['x = """a', ' b"""']) == {
        1: ['\n', 'x', '=', '"""', 'a', r'\n'], 2: [' ', 'b', '"""']}


def test_each_side_is_read_by_its_own_grammar():
    assert read('-', 'print `x`, ur"a"') == [
        '\n', 'print', '`', 'x', '`', ',', 'ur"', 'a', '"']
    assert read('+', "print(0o17, rb'a')") == [
        '\n', 'print', '(', '0o17', ',', "rb'", 'a', "'", ')']


@pytest.mark.parametrize('line, waits', [
    ('    print x', True), ('    print(x)', False), ('    printed(x)', False)])
def test_a_line_of_the_original_waits_for_its_claim(line, waits):
    assert PRINT.waits_in(line) is waits


@pytest.mark.parametrize('block, said', [
    ('- print …\n+ print()', 'a … has no partner'),
    ('- …\n+ …', 'a … has no partner'),
    ('print …', 'neither - nor +')])
def test_what_is_no_claim_is_an_error(block, said):
    with pytest.raises(rules.RulesError, match='in the rule one: ' + said.replace(
            '+', r'\+')):
        rules.parse('### `one`: One\n```claims\n%s\n```\n' % block)
