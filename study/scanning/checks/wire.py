"""Bytes and text: what Flow has found."""
import ast
import re

from study.scanning import library
from study.scanning.findings import Found, at
from study.scanning.values import BYTES, NONE, texts

CHECKS = ('bytes_on_the_wire', 'bytes_formatting', 'text_for_the_screen', 'argv_is_text',
          'stdin_and_stdout', 'newlines', 'utf8_strict', 'struct_sizes', 'bytes_items',
          'thread_names', 'pickle_protocol', 'text_types', 'integer_division',
          'sorting_mixed_types', 'object_base')
SIZES = re.compile(r'(?![<>!=])@?[\sxcbB?sp\d]*[hHiIlLqQnNfdP]')
NETWORK = ('socket', 'SocketServer', 'socketserver', 'asyncore', 'asynchat', 'asyncio',
           'select', 'selectors', 'twisted', 'gevent', 'diesel')
# Options for what is said to a peer, or names one.
SAID = re.compile(r'host|address|message|name|nick|text|data|user|pass|query')


def settled(flow):
    """Yield (Text, node to mend) for each text that must be bytes.

    A text that people are shown too stays text: it is encoded at the last use at which
    it is still both.
    """
    spoken = {use.cell for use in flow.spoken}
    mixed = {hit.text.node for hit in flow.hits if hit.text.mixed}
    for hit in flow.hits:
        if hit.text.node in mixed and not hit.text.mixed:
            continue  # as it was before bytes were seen to go into it
        both = [use for use in hit.text.uses
                if use.cell in spoken and BYTES not in flow.cells[use.cell]]
        yield hit.text, both[-1].node if both else hit.text.node


def wanted(flow, *kinds):
    """Return {node: Text} of the texts of some kinds, without those to be encoded
    elsewhere."""
    return {node: text for text, node in settled(flow)
            if text.kind in kinds and node is text.node}


def quoted(node):
    """Return a literal as it is told, cut."""
    text = ast.unparse(node)
    return text if len(text) <= 30 else text[:27] + '...'


def bytes_on_the_wire(source, flow):
    for text, node in settled(flow):
        if text.kind not in ('literal', 'call'):
            continue
        if node is not text.node:
            yield at(node, 'A text that people are shown goes to a peer here: encode it.')
        elif text.kind == 'call' and not text.mixed:
            yield at(node, '%s gives text, and bytes are needed: encode it.'
                     % quoted(node), end=node.lineno)
        elif text.kind == 'literal' and not text.formatted:
            yield at(node, '%s meets bytes or is sent: put a b in front of it.'
                     % quoted(node))


def bytes_formatting(source, flow):
    for text, node in settled(flow):
        if node is not text.node:
            continue
        if text.kind == 'literal' and text.formatted:
            yield at(node, "What %s makes is sent: the format must be bytes, or b'...' "
                     'goes out.' % quoted(node))
        elif text.kind == 'call' and text.mixed:
            yield at(node, "%s makes b'...' of bytes, and that is sent." % quoted(node))
    for node in flow.places['encoded']:
        yield at(node, "%s makes b'...' of bytes, and encoding it is too late: the "
                 'format must be bytes.' % quoted(node))


def text_for_the_screen(source, flow):
    for node in flow.places['shown']:
        yield at(node, "Bytes are shown as b'...': decode them first.")
    for node in source.nodes(ast.Call) if source.major == 2 else ():
        codec = node.args[0] if node.args else None
        if (getattr(node.func, 'attr', '') == 'encode'
                and getattr(codec, 'value', '') in library.FOR_PEOPLE
                and not isinstance(source.parents[node], ast.Attribute)):
            yield at(node, '%s gives bytes, which are no text for people: decode it.'
                     % quoted(node), end=node.lineno)


def argv_is_text(source, flow):
    found = set(wanted(flow, 'argument'))
    if source.major == 2:
        found |= {node for node in source.nodes(ast.Call) if is_option(node)}
    for node in found:
        yield at(node, 'What was typed is text, and goes to a peer: os.fsencode() gives '
                 'its bytes.', end=node.lineno)


def is_option(node):
    """Return whether a call is add_argument() for a word that is meant for a peer."""
    if getattr(node.func, 'attr', '') != 'add_argument' or not node.args:
        return False
    name = getattr(node.args[-1], 'value', None)
    more = {part.arg for part in node.keywords}
    return (isinstance(name, str) and bool(SAID.search(name))
            and not more & {'type', 'action', 'nargs', 'choices', 'const'})


def stdin_and_stdout(source, flow):
    for node in flow.places['written']:
        yield at(node, 'sys.stdout takes text: bytes go to sys.stdout.buffer.',
                 end=node.lineno)


def newlines(source, flow):
    for node in flow.places['text files']:
        yield at(node, "makefile() gives text, with other line ends: say 'rb'.")


def utf8_strict(source, flow):
    for node in source.nodes(ast.Call):
        first = node.args[0] if node.args else None
        if (flow.scopes.dotted(node.func, flow.scopes.module).startswith('re.')
                and isinstance(first, ast.Constant) and isinstance(first.value, str)
                and '\xed[\xa0' in first.value):
            whole = next((one for one in source.around(node) if isinstance(one, ast.If)),
                         node)
            begin = whole.lineno
            while source.lines[begin - 2].strip().startswith('#'):
                begin -= 1
            yield Found(begin, whole.col_offset, whole.end_lineno,
                        'The decoder itself refuses half a surrogate pair.')


def struct_sizes(source, flow):
    if not any(map(source.imports, NETWORK)):
        return
    for node in source.nodes(ast.Call):
        if flow.scopes.dotted(node.func, flow.scopes.module) in (
                'struct.pack', 'struct.unpack', 'struct.calcsize', 'struct.Struct',
                'struct.unpack_from', 'struct.pack_into') and node.args and not any(
                    is_for_the_system(one) for one in source.around(node)):
            scope = scope_of(source, flow, node)
            for text in texts(flow.value(node.args[0], scope)):
                value = getattr(text.node, 'value', '')
                if isinstance(value, str) and SIZES.match(value):
                    yield at(text.node, '%s has the sizes and the byte order of this '
                             'machine: a frame says them, with "!".' % quoted(text.node))


def is_for_the_system(node):
    """Return whether a call hands a struct to the system, and to no peer."""
    return isinstance(node, ast.Call) and getattr(node.func, 'attr', '') in (
        'setsockopt', 'ioctl', 'fcntl', 'getsockopt')


def scope_of(source, flow, node):
    """Return the Function that a node stands in."""
    for one in source.around(node):
        if one in flow.scopes.functions:
            return flow.scopes.functions[one]
    return flow.scopes.module


def bytes_items(source, flow):
    if source.major == 2:
        for node in flow.places['items']:
            yield at(node, 'An item of bytes is a number: take a slice, data[:1].')


def thread_names(source, flow):
    found = set(wanted(flow, 'thread')) | flow.places['said']
    if not (source.imports('threading') and starts_threads(source)):
        return
    for node in found:
        yield at(node, 'Since 3.10 a default name says more: Thread-2 (function).')


def starts_threads(source):
    """Return whether threads are started with a target, by this file or a mix-in."""
    return 'ThreadingMixIn' in source.text or any(
        part.arg == 'target' for node in source.nodes(ast.Call) for part in node.keywords)


def pickle_protocol(source, flow):
    for node in source.nodes(ast.Call):
        name = flow.scopes.dotted(node.func, flow.scopes.module)
        module, _, function = name.rpartition('.')
        if module not in ('pickle', 'cPickle', 'marshal'):
            continue
        if function in ('dump', 'dumps') and module != 'marshal':
            needed = 1 if function == 'dumps' else 2
            if len(node.args) == needed and not node.keywords:
                yield at(node, 'Which protocol a pickle has depends on the Python: an '
                         'old peer cannot read it.', end=node.lineno)
        elif function in ('load', 'loads') and node.args:
            value = flow.value(node.args[0], scope_of(source, flow, node))
            if BYTES in value or function == 'load' and 'file' in value:
                yield at(node, 'What comes from a peer is unpickled: that runs what it '
                         'likes, and gives text where bytes were.', end=node.lineno)


def text_types(source, flow):
    for node in flow.places['types']:
        yield at(node, 'What came from a socket is no str.')


def integer_division(source, flow):
    if source.major == 2:
        for node in flow.places['divisions']:
            # A Mod of a format around it makes no difference: it cuts the float.
            yield at(node, 'A slash between integers gives a float: // is what it was.')


def sorting_mixed_types(source, flow):
    if source.major == 3:
        return
    for node in source.nodes(ast.Call):
        name = flow.scopes.dotted(node.func, flow.scopes.module)
        if name == 'sorted' and len(node.args) == 1 and not node.keywords:
            items = flow.items(flow.value(node.args[0], scope_of(source, flow, node)))
            if NONE in items | flow.items(items):
                yield at(node, 'None may be among what is compared: a TypeError.',
                         end=node.lineno)


def object_base(source, flow):
    """A loop over __bases__, which has object at its end now."""
    if source.major == 3:
        return
    for node in source.nodes(ast.For, ast.ListComp, ast.SetComp, ast.GeneratorExp):
        for one in getattr(node, 'generators', []) + [node] * isinstance(node, ast.For):
            value = flow.value(one.iter, scope_of(source, flow, node))
            if 'bases' in value:
                yield at(one.iter, 'Every class has object among its bases.')


