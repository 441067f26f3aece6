"""The patterns of MIGRATION.md, in fissix's pattern language.

A leaf or a node that a pattern calls "here" is where the finding stands, otherwise the
first leaf of what matches.
"""
import functools

from fissix import patcomp

from study.scanning.findings import Found


@functools.lru_cache(maxsize=None)
def compiled(pattern):
    """Return a pattern of fissix's, ready to match."""
    return patcomp.PatternCompiler().compile_pattern(pattern)


def found(source, pattern, sentence):
    """Yield Found for each match in a source that fissix could parse."""
    matcher = compiled(pattern)
    nodes = source.by_type[matcher.type] if matcher.type is not None else [
        node for found_there in list(source.by_type.values()) for node in found_there]
    for node in nodes:
        results = {}
        if matcher.match(node, results):
            place = results.get('here', node)
            first = next(place[0].leaves() if isinstance(place, list) else place.leaves())
            yield Found(first.get_lineno(), first.column, first.get_lineno(), sentence)
