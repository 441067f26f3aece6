"""Scans files: every rule's patterns and function over each."""
import os
from dataclasses import astuple

from study.errors import StudyError
from study.scanning import checks
from study.scanning import patterns
from study.scanning.findings import Finding, part_of
from study.scanning.flow import Flow
from study.scanning.source import deep

SKIPPED = {'__pycache__', 'node_modules', 'build', 'dist'}


def files(paths):
    """Return the Python files that some paths name, or that stand in folders that they
    name, in order. Raises StudyError for a path that is not there."""
    found = []
    for path in paths:
        if os.path.isdir(path):
            for folder, below, names in os.walk(path):
                below[:] = sorted(name for name in below if name not in SKIPPED
                                  and not name.startswith('.'))
                found += [os.path.join(folder, name) for name in sorted(names)
                          if name.endswith('.py')]
        elif os.path.exists(path):
            found.append(path)
        else:
            raise StudyError('no such file or folder: %s' % path)
    return list(dict.fromkeys(os.path.normpath(path) for path in found))


def findings(source, rules):
    """Return the Findings in a Source, in the order of its lines. Raises
    source.SourceError for one that is nested deeper than Python goes."""
    with deep(source.path):
        return made(source, rules)


def made(source, rules):
    flow, found = Flow(source).run(), {}
    for rule in rules.values():
        for one in sorted(of_rule(source, flow, rule), key=astuple):
            finding = Finding(rule.id, source.path, one.line, one.column + 1, one.end,
                              one.part or part_of(rule), one.sentence)
            found.setdefault((rule.id, one.line), finding)
    return sorted(found.values(), key=lambda one: (one.line, one.column, one.rule))


def of_rule(source, flow, rule):
    """Yield what the scan of a rule finds, as Found."""
    for one in rule.scans:
        if source.major not in one.majors:
            continue
        if one.pattern is None:
            yield from checks.function_of(rule.id)(source, flow)
        else:
            yield from patterns.found(source, one.pattern, rule.title + '.')
