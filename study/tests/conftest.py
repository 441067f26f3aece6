"""What holds for all tests of the tools."""
import signal


def pytest_configure(config):
    # A shell's background job ignores SIGINT, and so would all that it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
