"""An error as people see it: one line, and an exit status."""


def one_line_error(child, name, status):
    """Assert that a recipe has ended with this status and one line of error, and has
    printed nothing; return what the line says after the name."""
    assert child.popen.returncode == status, (child.stdout, child.stderr)
    lines = child.stderr.decode('utf-8').splitlines()
    assert len(lines) == 1, child.stderr
    prefix = name + '.py: error: '
    assert lines[0].startswith(prefix)
    assert child.stdout == b''
    return lines[0][len(prefix):]
