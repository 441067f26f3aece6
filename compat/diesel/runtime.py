"""Which application runs: there is one a program."""

current_app = None  # the Application, from its making on


def is_running():
    """Whether an application is inside its run()."""
    return current_app is not None and current_app._run
