"""The real library's diesel.util, under this name too."""
