"""What the commands of study share: how they read arguments."""
import argparse


class CommandLine(argparse.ArgumentParser):
    """An argument parser that spends one line on an error."""

    def error(self, message):
        self.exit(2, '%s: error: %s\n' % (self.prog, message))
