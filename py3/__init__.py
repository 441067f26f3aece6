"""The recipes, ported to Python 3."""
