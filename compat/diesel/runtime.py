"""Which application runs: there is one a program."""

current_app = None  # the Application, from its making on


def is_running():
    """Whether there is an application that has not ended."""
    return current_app is not None
