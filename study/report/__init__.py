"""The report: MIGRATION.md, both trees and what the tests said, as a static site.

It runs no test. build() is for other tools.
"""
import os

from compat import trees
from study.report import results
from study.report import site

FOLDER = os.path.join(trees.ROOT, 'build', 'report')


def build(folder=FOLDER, outcomes=results.FOLDER, files=()):
    """Write the site into a folder, which is made, and return the path of its first
    page. outcomes is where tests/conftest.py left what the tests said; files are those
    that were scanned (scanned.File).

    Raises rulebook.rules.RulesError if MIGRATION.md cannot be read, OSError if the
    folder cannot be written.
    """
    return site.Site(results.load(outcomes), files).write(folder)
