"""Load and soak, outside the suite: Python 3, for either tree."""
