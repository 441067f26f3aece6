"""An error as people see it: one line, and an exit status."""


def error_line(child, name, status):
    """Assert that a recipe has ended with this status and one line of error; return
    what the line says after the name."""
    assert child.returncode == status, (child.stdout, child.stderr)
    lines = child.stderr.decode('utf-8').splitlines()
    assert len(lines) == 1, child.stderr
    prefix = name + '.py: error: '
    assert lines[0].startswith(prefix)
    return lines[0][len(prefix):]


def one_line_error(child, name, status):
    """Do the same, and assert that it has printed nothing before."""
    words = error_line(child, name, status)
    assert child.stdout == b''
    return words
