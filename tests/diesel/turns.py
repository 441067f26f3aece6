"""To wait in a loop until the other loops have done what they can, not for a time."""
from compat import diesel


def settle(turns=50):
    """Let all loops have so many turns: then those that are left wait for what
    only the caller can do."""
    for _ in range(turns):
        diesel.sleep()
