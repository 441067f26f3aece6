"""What goes wrong for the reader: one line on stderr, and exit status 2."""


class StudyError(Exception):
    """The tool cannot do what it was asked to; str() is the line that says why."""
