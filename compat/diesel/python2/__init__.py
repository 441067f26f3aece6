"""On Python 2 compat.diesel finds its modules here: the real library's."""
