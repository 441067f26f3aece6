"""What is running: the program's application, and one of its loops."""

current_app = None   # the Application, from its making until its end
current_loop = None  # the Loop that runs; while the hub does, the one before it


def is_running():
    """Whether there is an application that has not ended."""
    return current_app is not None
