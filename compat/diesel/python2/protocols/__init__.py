"""The real library's diesel.protocols, under this name too."""
