"""The calls in a file: of its own functions, of the libraries', of methods of what is
known."""
import ast

from study.scanning import library
from study.scanning.scopes import Class
from study.scanning.values import (BYTES, FILE, INTEGER, MATCH, NONE, NOTHING,
                                   PRINTED, REQUEST, SOCKET, STRUCT, Object, Text, Use,
                                   objects, texts, words)

COPIES = {'list', 'sorted', 'set', 'frozenset', 'reversed', 'tuple', 'iter',
          'collections.deque', 'itertools.chain', 'itertools.islice'}
CONTAINERS = {'list': 'list', 'dict': 'dict', 'set': 'list', 'collections.deque': 'list',
              'collections.OrderedDict': 'dict', 'collections.defaultdict': 'dict',
              'Queue.Queue': 'list', 'queue.Queue': 'list', 'Queue.PriorityQueue': 'list',
              'multiprocessing.Queue': 'list', 'weakref.WeakKeyDictionary': 'dict'}
STREAMS = ('sys.stdout.', 'sys.stderr.', 'sys.stdin.')
MEMORIES = {'StringIO.StringIO', 'cStringIO.StringIO', 'io.StringIO', 'io.BytesIO'}
TARGETS = {'threading.Thread', 'multiprocessing.Process', 'threading.Timer'}
STARTS = {'thread.start_new_thread', '_thread.start_new_thread', 'gevent.spawn',
          'eventlet.spawn', 'gevent.Greenlet.spawn'}
PUT = {'append', 'add', 'put', 'put_nowait', 'appendleft', 'insert', 'extend', 'update'}
TAKE = {'pop', 'popleft', 'get', 'get_nowait', 'setdefault', 'popitem'}
# Methods that so many things have that their name says nothing.
COMMON = {'write', 'read', 'readline', 'close', 'get', 'put', 'append', 'pop', 'add',
          'join', 'split', 'update', 'copy', 'encode', 'decode', 'flush', 'send', 'recv',
          'start', 'stop', 'run', 'format', 'strip', 'remove'}
VIEWS = {'keys', 'values', 'items', 'iterkeys', 'itervalues', 'iteritems'}


class Calls:
    """The half of Flow that knows of calls."""

    def of_Call(self, node, scope):
        name = self.scopes.dotted(node.func, scope)
        values = [self.value(part, scope) for part in node.args]
        keywords = {part.arg: self.value(part.value, scope) for part in node.keywords}
        if name and not name.startswith(STREAMS):
            return self.library(node, name, values, keywords, scope)
        if isinstance(node.func, ast.Attribute):
            return self.method(node, values, keywords, scope)
        return self.apply(node, self.value(node.func, scope), values, keywords)

    # Functions of the file

    def apply(self, node, called, values, keywords):
        """Return what functions and classes of the file give."""
        found, known = set(), False
        for one in objects(called, 'function', 'class'):
            known = True
            if one.kind == 'class':
                found |= self.instance(node, one.site, values, keywords)
            else:
                found |= self.function(node, one.site, values, keywords)
        if not known:
            self.hand_over(node, values)
        return frozenset(found)

    def hand_over(self, node, values):
        """Give values to what is not known. A constant that an object is given is said
        to people too, for all that we know."""
        name = getattr(node.func, 'attr', getattr(node.func, 'id', ''))
        if name in library.SAYS:
            self.say(node, values)
        elif isinstance(node.func, ast.Attribute):
            for value in values:
                self.spoken.update(use for one in texts(value) for use in one.uses
                                   if use.cell[0] == 'name' and use.cell[2].isupper())

    def say(self, node, values):
        """Show values to people."""
        if len(values) > 1 and texts(values[0]):
            more = frozenset().union(*values[1:])
            values = [self.formatted(values[0], more, node)] + values[1:]
        for value in values:
            inner = set(value)
            for thing in objects(value, 'list', 'dict', 'tuple'):
                inner |= self.contents(thing) | self.key(thing)
            inner |= self.items(value) if FILE not in value else set()
            bare = BYTES in inner and self.source.major == 2  # may be meant in 3
            if bare or any(one.mixed for one in texts(inner)):
                mixed = [one.node for one in texts(inner) if one.mixed
                         and one.node.lineno != node.lineno]
                self.places['shown'].update(mixed if mixed and not bare else [node])
            self.spoken.update(use for one in texts(inner) for use in one.uses)
            self.places['said'].update(one.node for one in texts(inner)
                                       if one.kind == 'thread')

    def instance(self, node, made, values, keywords):
        mine = {Object('instance', made)}
        for name, value in zip(made.fields, values):
            self.add(('attribute', made.root, name), value)
        begin = made.method('__init__')
        if begin:
            self.function(node, begin, [frozenset(mine)] + values, keywords, True)
        if any(base.endswith(library.DISPATCHERS) for base in made.all_bases()):
            mine.add(SOCKET)
        return mine

    def function(self, node, called, values, keywords, bound=False):
        """Give a function its arguments; return what it returns."""
        names = called.parameters
        if called in self.owners and not bound and names:
            static = {getattr(one, 'id', '') for one in called.node.decorator_list}
            names = names if 'staticmethod' in static else names[1:]
        starred = [place for place, part in enumerate(node.args)
                   if isinstance(part, ast.Starred)] if not bound else []
        for place, name in enumerate(names):
            for at in starred:
                if place >= at:
                    self.give(called, name, values[at])
        rest = values[len(names):] if not starred else []
        plain = [value for place, value in enumerate(values) if place not in starred]
        if rest and called.rest and names and texts(plain[len(names) - 1]):
            # A format and what is put into it: log('%s left', name).
            more = frozenset().union(*rest)
            plain[len(names) - 1] = self.formatted(plain[len(names) - 1], more, node)
        for name, value in zip(names, plain):
            self.give(called, name, value)
        for name, value in keywords.items():
            if name in names:
                self.give(called, name, value)
        if rest and called.rest:
            self.add(('name', called, called.rest), self.made(
                'list', called, frozenset().union(*(texts(value) for value in rest))))
        use = Use(('return', called), node)
        return {mark.used(use) if isinstance(mark, Text) else mark
                for mark in self.cells['return', called]}

    # Functions of libraries

    def library(self, node, name, values, keywords, scope):
        own = self.value(node.func, scope) if isinstance(node.func, ast.Name) else ()
        if objects(own, 'function', 'class'):
            return self.apply(node, own, values, keywords)
        if name in library.TAKES_BYTES:
            place = library.TAKES_BYTES[name]
            data = values[place] if place < len(values) else keywords.get('data', ())
            self.strike(data, node)
        special = getattr(self, 'call_' + name.replace('.', '_'), None)
        if special:
            return special(node, values, keywords, scope)
        if name in COPIES and values:
            return self.made('list', node, self.items(values[0]))
        if name in CONTAINERS:
            return frozenset([Object(CONTAINERS[name], node)])
        if name in MEMORIES:
            self.add(('content', node), values[0] if values else NOTHING)
            return frozenset([Object('memory', node)])
        if name in TARGETS or name in STARTS:
            self.start(node, name, values, keywords)
        if name in library.TEXTS:
            return frozenset([Text(node, 'call')])
        if name.startswith('re.'):
            return self.regular(node, name[3:], values)
        if not library.gives(name):
            self.hand_over(node, values)
        return library.gives(name)

    def start(self, node, name, values, keywords):
        """Call the function that a thread or a process is given."""
        target = keywords.get('target', values[0] if name in STARTS and values else ())
        given = keywords.get('args', values[1] if name in STARTS and values[1:] else ())
        parts = [self.item(given, place) for place in range(
            max((self.length(one) for one in objects(given, 'tuple')), default=0))]
        call = ast.copy_location(ast.Call(node.func, [], []), node)
        for one in objects(target, 'function'):
            self.function(call, one.site, parts, {})

    def call_print(self, node, values, keywords, scope):
        stream = keywords.get('file', NOTHING)
        if node.args and isinstance(node.args[0], ast.Starred) and self.source.major == 2:
            stream, values = self.value(node.args[0].value, scope), values[1:]
        memories = objects(stream, 'memory')
        if memories:
            for thing in memories:
                for value in values:
                    self.add(('content', thing.site), value)
        elif FILE in stream or SOCKET in stream:
            for value in values:
                self.strike(value, node)
        else:
            for value in values:
                self.say(node, [value])
        return NOTHING

    def call_str(self, node, values, keywords, scope):
        if len(node.args) + len(node.keywords) != 1:
            return NOTHING
        value = values[0] if values else NOTHING
        if texts(value):
            return value
        if BYTES in value:
            return frozenset([Text(node, 'call', mixed=True)])
        return frozenset([Text(node, 'call')])

    def call_repr(self, node, values, keywords, scope):
        mixed = bool(values) and BYTES in values[0] and self.source.major == 2
        return frozenset([Text(node, 'call', mixed=mixed)])

    def call_bytes(self, node, values, keywords, scope):
        return frozenset([BYTES])

    def call_isinstance(self, node, values, keywords, scope):
        if len(node.args) == 2 and BYTES in values[0]:
            kinds = node.args[1].elts if isinstance(node.args[1], ast.Tuple) else [
                node.args[1]]
            if any(isinstance(one, ast.Name) and one.id == 'str' for one in kinds):
                self.places['types'].add(node)
        return NOTHING

    def call_iter(self, node, values, keywords, scope):
        if len(values) == 2:
            given = self.apply(node, values[0], [], {})
            if not objects(values[0], 'function') and isinstance(
                    node.args[0], ast.Attribute):  # a method that is not called here
                given = self.method(ast.copy_location(ast.Call(node.args[0], [], []),
                                                      node), [], {}, scope)
            self.meet(given, values[1], node)
            return self.made('list', node, words(given))
        return self.made('list', node, self.items(values[0]) if values else NOTHING)

    def call_map(self, node, values, keywords, scope):
        if len(values) < 2:
            return NOTHING
        given = self.apply(node, values[0], [self.items(values[1])], {})
        return self.made('list', node, given)

    def call_filter(self, node, values, keywords, scope):
        if len(values) < 2:
            return NOTHING
        kept = self.items(values[1])
        self.apply(node, values[0], [kept], {})
        return self.made('list', node, kept)

    def call_enumerate(self, node, values, keywords, scope):
        pair = self.tuple(node, frozenset([INTEGER]),
                          self.items(values[0]) if values else NOTHING)
        return self.made('list', node, pair)

    def call_zip(self, node, values, keywords, scope):
        return self.made('list', node, self.tuple(node, *map(self.items, values)))

    def call_dict(self, node, values, keywords, scope):
        for pair in [self.items(value) for value in values]:
            self.add(('key', node), self.item(pair, 0))
            self.add(('content', node), self.item(pair, 1))
        return frozenset([Object('dict', node)])

    def call_getattr(self, node, values, keywords, scope):
        """getattr(self, 'do_' + name): any of the methods that begin so."""
        name = node.args[1] if len(node.args) > 1 else None
        if not isinstance(name, ast.BinOp) or not isinstance(name.left, ast.Constant):
            return NOTHING
        begin = name.left.value
        return frozenset(Object('function', method)
                         for one in objects(values[0], 'instance')
                         for key, method in one.site.methods.items()
                         if isinstance(begin, str) and key.startswith(begin))

    def call_socket_socketpair(self, node, values, keywords, scope):
        return self.tuple(node, frozenset([SOCKET]), frozenset([SOCKET]))

    def call_contextlib_closing(self, node, values, keywords, scope):
        return values[0] if values else NOTHING

    def call_select_select(self, node, values, keywords, scope):
        return self.tuple(node, *[self.made('list', part, self.items(value))
                                  for part, value in zip(node.args[:3], values)])

    def call_collections_namedtuple(self, node, values, keywords, scope):
        names = node.args[1] if len(node.args) > 1 else None
        key = 'namedtuple', node
        if isinstance(names, ast.Constant) and isinstance(names.value, str):
            made = self.cells.get(key)
            if not made:
                fields = tuple(names.value.replace(',', ' ').split())
                one = Class(ast.unparse(node.args[0]), [], fields=fields)
                self.scopes.classes['namedtuple %d' % node.lineno] = one
                self.add(key, {Object('class', one)})
            return frozenset(self.cells[key])
        return NOTHING

    def call_open(self, node, values, keywords, scope):
        mode = node.args[1] if len(node.args) > 1 else None
        binary = isinstance(mode, ast.Constant) and 'b' in str(mode.value)
        return frozenset([FILE] if binary else [])

    call_os_fdopen = call_open

    def call_struct_unpack(self, node, values, keywords, scope):
        if len(values) > 1:
            self.strike(values[1], node)
        return self.unpacked(node, values[0] if values else NOTHING)

    def call_string_join(self, node, values, keywords, scope):
        return self.joined(node, values[1] if values[1:] else frozenset(), values[0])

    def call_string_upper(self, node, values, keywords, scope):
        return values[0] if values else NOTHING

    call_string_lower = call_string_strip = call_string_replace = call_string_upper

    def unpacked(self, node, form):
        letters = ''.join(one.node.value for one in texts(form)
                          if isinstance(one.node, ast.Constant))
        whole = frozenset([BYTES if 's' in letters or 'p' in letters else INTEGER])
        return self.made('list', node, whole)

    def regular(self, node, name, values):
        """re.match(pattern, data) and its like; re.compile(pattern)."""
        if name == 'compile' and values:
            self.add(('content', node), values[0])
            return frozenset([Object('regex', node)])
        if name in ('match', 'search', 'fullmatch', 'split', 'findall', 'finditer',
                    'sub', 'subn') and len(values) > 1:
            return self.matched(node, name, values[0], values[1:])
        return NOTHING

    def matched(self, node, name, pattern, values):
        data = values[1] if name.startswith('sub') and values[1:] else values[0]
        if BYTES not in data:
            self.meet(pattern, data, node)
            return NOTHING
        self.strike(pattern, node)
        if name.startswith('sub'):
            self.strike(values[0], node)
            return frozenset([BYTES])
        if name in ('split', 'findall'):
            return self.made('list', node, frozenset([BYTES]))
        if name == 'finditer':
            return self.made('list', node, frozenset([MATCH]))
        return frozenset([MATCH])

    # Methods

    def method(self, node, values, keywords, scope):
        name, value = node.func.attr, self.value(node.func.value, scope)
        found = set()
        known = objects(value, 'instance', 'class')
        own = [one.site.method(name) for one in known if one.site.method(name)]
        if not own and not value and name not in COMMON:
            own = self.scopes.methods_named(name)
        for method in own:
            bound = isinstance(node.func.value, ast.Name) and any(
                one.kind == 'class' for one in known)
            found |= self.function(node, method, values, keywords, bound)
        found |= self.of_things(node, name, value, values, keywords)
        if BYTES in value:
            found |= self.of_bytes(node, name, values)
        if texts(value):
            found |= self.of_text(node, name, value, values)
        if name in library.TEXT_METHODS and not words(value):
            found.add(Text(node, 'call'))
        if name == 'digest':
            found.add(BYTES)
        if name in ('getName', 'name') and 'thread' in value:
            found |= self.thread_name(node, scope)
        if name == 'encode' and BYTES not in value:
            found |= self.encoded(node, value)
        if not own:
            found |= self.of_sockets(node, name, value, values)
            if PRINTED in value and name == 'write':
                self.written(node, values)
            elif not found and not value:
                self.hand_over(node, values)
        if name == 'parse_args':
            found.add(Object('instance', self.arguments()))
        if name == 'add_argument':
            self.argument(node)
        return frozenset(found)

    def written(self, node, values):
        """sys.stdout.write(data)"""
        if values and BYTES in values[0]:
            self.places['written'].add(node)
        else:
            self.say(node, values[:1])

    def encoded(self, node, value):
        """Return what encode() of a text gives; what is in it is what is sent."""
        for one in texts(value):
            if one.mixed:
                self.places['encoded'].add(one.node)
            if one.kind == 'thread':
                self.places['said'].add(one.node)
        codec = node.args[0] if node.args else None
        if isinstance(codec, ast.Constant) and codec.value in library.FOR_PEOPLE:
            return set()
        return {BYTES}

    def arguments(self):
        """Return the Class that stands for what a command line gives."""
        return self.scopes.classes.setdefault('command line', Class('Namespace', []))

    def argument(self, node):
        """Take down an option: what is given for it is text."""
        names = [part.value for part in node.args if isinstance(part, ast.Constant)]
        more = {part.arg: part.value for part in node.keywords}
        if names and not {'type', 'action', 'nargs', 'choices', 'const'} & set(more):
            name = getattr(more.get('dest'), 'value', None) or next(
                (one for one in names if str(one).startswith('--')), names[0])
            self.add(('attribute', self.arguments(), str(name).strip('-').replace(
                '-', '_')), {Text(node, 'argument')})

    def of_sockets(self, node, name, value, values):
        """Return what the method of a socket, or of its file, gives."""
        sure = SOCKET in value or REQUEST in value
        text = ast.unparse(node.func.value).rpartition('.')[2].lower()
        likely = sure or (not objects(value, 'instance', 'list', 'dict', 'memory')
                          and any(word in text for word in ('sock', 'conn', 'request',
                                                            'transport', 'waker')))
        if name in library.SENDS and (likely or name != 'send') and values:
            self.strike(values[0], node)
        elif name in library.PUSHES and values and (
                FILE in value or text in library.PUSHES[name].split()):
            if not objects(value, 'memory'):
                self.strike(values[0], node)
        elif name in ('recv', 'recv_bytes'):
            return {BYTES}
        elif name == 'recvfrom':
            return set(self.tuple(node, frozenset([BYTES])))
        elif name == 'accept':
            return set(self.tuple(node, frozenset([SOCKET])))
        elif name == 'makefile':
            return self.makefile(node)
        elif name in ('dup', 'unwrap') and sure:
            return {SOCKET}
        elif FILE in value and name in ('read', 'readline', 'read1', 'readexactly',
                                        'readuntil'):
            return {BYTES}
        elif FILE in value and name in ('readlines', 'xreadlines'):
            return set(self.made('list', node, frozenset([BYTES])))
        return set()

    def makefile(self, node):
        mode = node.args[0] if node.args else next(
            (part.value for part in node.keywords if part.arg == 'mode'), None)
        binary = isinstance(mode, ast.Constant) and 'b' in str(mode.value)
        if not binary:
            self.places['text files'].add(node)
        return {FILE} if binary or self.source.major == 2 else set()

    def of_bytes(self, node, name, values):
        """Return what a method of bytes gives; its arguments must be bytes."""
        if name in library.SAME or name in library.LISTS or name in library.OTHERS:
            for value in values:
                self.strike(value | self.items(value), node)
        if name == 'join':
            return {BYTES}
        if name in library.SAME:
            return {BYTES}
        if name in library.LISTS:
            return set(self.made('list', node, frozenset([BYTES])))
        return {library.OTHERS[name]} if name in library.OTHERS else set()

    def of_text(self, node, name, value, values):
        mine = frozenset(texts(value))
        if name == 'join' and values:
            return set(self.joined(node, mine, values[0]))
        if name == 'format':
            return set(self.formatted(mine, frozenset().union(*values), node))
        if name in library.SAME:
            return set(mine)
        if name in library.LISTS:  # a part of a thread's name is no promise broken
            return set(self.made('list', node, frozenset(
                one for one in mine if one.kind != 'thread')))
        return set()

    def joined(self, node, between, parts):
        """Return what join() gives. Texts alone become one text, and are one finding;
        among bytes each must be bytes."""
        inner = self.items(parts)
        if BYTES in inner:
            self.strike(between | inner, node)
            return frozenset([BYTES])
        if any(one.mixed for one in texts(inner)):
            return frozenset(texts(between | inner))
        return between

    def of_things(self, node, name, value, values, keywords):
        """Return what a method of a container, a pattern or a struct gives."""
        found = set()
        for thing in objects(value, 'list', 'dict'):
            found |= self.of_container(node, name, thing, values)
        for thing in objects(value, 'memory'):
            if name in ('write', 'writelines') and values:
                self.add(('content', thing.site), values[0])
            elif name in ('getvalue', 'read', 'readline'):
                inside = self.contents(thing)
                found |= words(inside) if BYTES in inside else (
                    {Text(node, 'call')} if texts(inside) else set())
        for thing in objects(value, 'regex'):
            if values:
                found |= self.matched(node, name, self.contents(thing), values)
        if MATCH in value:
            if name == 'group':
                found.add(BYTES)
            elif name in ('groups', 'groupdict'):
                found |= self.made('list', node, frozenset([BYTES, NONE]))
            elif name in ('end', 'start'):
                found.add(INTEGER)
        if STRUCT in value and name == 'pack':
            found.add(BYTES)
        elif STRUCT in value and name in ('unpack', 'unpack_from'):
            found |= self.made('list', node, frozenset([INTEGER]))
        return found

    def of_container(self, node, name, thing, values):
        if name in PUT and values:
            value = values[-1]
            if name in ('extend', 'update'):
                for other in objects(value, 'dict'):
                    self.add(('key', thing.site), self.key(other))
                    value = self.contents(other)
                    break
                else:
                    value = self.items(value)
            self.add(('content', thing.site), value)
        elif name in TAKE:
            if thing.kind == 'dict' and values:
                self.meet(self.key(thing), values[0], node)
                if name == 'setdefault':
                    self.add(('key', thing.site), values[0])
                if values[1:]:
                    if name == 'setdefault':
                        self.add(('content', thing.site), values[1])
                    return set(self.contents(thing) | values[1])
            return set(self.contents(thing))
        elif name in VIEWS:
            return set(self.view(node, name, thing))
        elif name == 'copy':
            return {thing}
        elif name == 'has_key' and values:
            self.meet(self.key(thing), values[0], node)
        return set()

    def view(self, node, name, thing):
        if name.endswith('keys'):
            return self.made('list', node, self.key(thing))
        if name.endswith('values'):
            return self.made('list', node, self.contents(thing))
        return self.made('list', node, self.tuple(node, self.key(thing),
                                                  self.contents(thing)))
