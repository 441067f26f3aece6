"""Services: a loop for each client, and what is left when it ends."""
import pytest

from compat import diesel
from tests.talk import Conversation


def echo(addr):
    while True:
        diesel.send(b'You said: ' + diesel.until_eol())


@pytest.mark.unit
@pytest.mark.rule('diesel')
def test_a_service_answers_each_line(served):
    def client(address):
        talk = Conversation(address)
        try:
            talk.send(b'one\r\ntwo\r\n')
            return [talk.read_line(), talk.read_line()]
        finally:
            talk.close()
    assert served(echo, client) == [b'You said: one\r\n', b'You said: two\r\n']


@pytest.mark.unit
@pytest.mark.rule('diesel')
def test_what_main_raises_is_raised(run):
    def main():
        diesel.sleep()
        raise ZeroDivisionError('in a loop')
    with pytest.raises(ZeroDivisionError):
        run(main)
