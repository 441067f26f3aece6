"""The recipes as they were written for Python 2.7."""
