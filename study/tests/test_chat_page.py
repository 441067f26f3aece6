"""The best known program for diesel's WebSockets, a chat page, in ten real browsers'
pages: on the real library and on ours."""
import pytest

from compat import process, trees
from study.tests import recordings
from tests.diesel.test_programs import source_of

# From a page: its lines, once there are so many.
LINES = '''count => {
    const lines = [...document.querySelectorAll('li')].map(one => one.textContent);
    return lines.length >= count && lines;
}'''


@pytest.fixture(params=['py2_original', 'py3'])
def url(request):
    """Where the program is served; it is ended with the test."""
    tree = trees.named(request.param)
    if tree.major == 2:
        recordings.python2('diesel, flask, simplejson')
    else:
        pytest.importorskip('wsproto')
    with process.Child(tree, 'chat_page', command=['-c', source_of('chat_page')]) as it:
        yield 'http://127.0.0.1:%s/' % it.wait_for_line('[0-9]+$').group()
    assert it.stderr == b''


@pytest.fixture
def pages(browser, url):
    """Ten pages, opened one after the other."""
    opened = []
    for number in range(1, 11):
        opened.append(browser.new_page())
        opened[-1].goto(url)
        assert lines(opened[-1], 1) == ['there are %d' % number]
    yield opened
    for page in opened:
        page.close()


def lines(page, count):
    return page.wait_for_function(LINES, arg=count).json_value()


def test_ten_pages_hear_the_same_in_the_same_order_until_they_are_closed(pages):
    for number, page in enumerate(pages):
        page.evaluate('say("w\\u00f6rd %d")' % number)
    heard = [lines(page, 20 - number)[-10:] for number, page in enumerate(pages)]
    assert sorted(heard[0]) == ['w\u00f6rd %d' % number for number in range(10)]
    assert heard == [heard[0]] * 10
    pages.pop(4).close()
    assert [lines(page, count)[-1] for page, count in
            zip(pages, [21, 20, 19, 18, 16, 15, 14, 13, 12])] == ['there are 9'] * 9
