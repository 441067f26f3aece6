"""One suite for every tree. It knows recipes only through compat."""
