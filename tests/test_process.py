"""What the suite says of a child that does not do what it should."""
import resource

import pytest

from compat import process

pytestmark = [pytest.mark.unit, pytest.mark.about()]


@pytest.fixture
def last_words(tree):
    """What is said of a child that waits for nothing, in a function of that name."""
    waits = ('import time\ndef wait_for_nothing(): print("begun"); time.sleep(1000)\n'
             'wait_for_nothing()')
    with process.Child(tree, 'nothing', command=['-u', '-c', waits]) as child:
        child.wait_for_line('begun')
        with pytest.raises(process.Timeout) as caught:
            child.wait(0.1)
    return str(caught.value)


def test_a_child_that_does_not_end_is_named_with_what_it_wrote(last_words):
    assert last_words.startswith('waited 0.1 seconds in vain: nothing ends; stdout: ')
    assert 'begun' in last_words


def test_a_child_that_does_not_end_says_what_it_was_doing(last_words):
    pytest.importorskip('faulthandler')
    assert 'in wait_for_nothing' in last_words


def test_a_child_has_not_a_million_descriptors_to_close():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert soft != resource.RLIM_INFINITY
    assert soft <= 4096
