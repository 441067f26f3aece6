"""The reader's tools. Python 3.9 and up."""
