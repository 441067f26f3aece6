"""What is looked for by functions: each is named after its rule, with _ for -, and is
given a source.Source and the flow.Flow through it. It yields findings.Found."""
from study.scanning.checks import library, servers, syntax, wire

MODULES = (wire, servers, library, syntax)


def function_of(rule):
    """Return the function that is named after a rule, or None."""
    name = rule.replace('-', '_')
    return next((getattr(module, name) for module in MODULES if name in module.CHECKS),
                None)


def names():
    """Return the names of all functions, as rules are named."""
    return {name.replace('_', '-') for module in MODULES for name in module.CHECKS}
