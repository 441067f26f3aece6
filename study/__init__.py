"""The reader's tools. Python 3.8 and up."""
