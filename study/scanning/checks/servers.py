"""Server classes, sockets, processes and signals."""
import ast

from study.scanning.findings import at

CHECKS = ('mix_in_first', 'server_close', 'children', 'thread_list', 'fork_with_threads',
          'eintr', 'selectors', 'closed_fileno', 'epoll_unregister', 'exception_variable')
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
WHOLE = 5  # lines that a statement may have to be named whole


def bases(node):
    return [ast.unparse(base) for base in node.bases]


def is_server(base):
    return base.endswith(('TCPServer', 'UDPServer', 'StreamServer', 'DatagramServer',
                          'HTTPServer', 'BaseServer'))


def mix_in_first(source, flow):
    for node in source.nodes(ast.ClassDef):
        found = bases(node)
        for place, base in enumerate(found):
            if base.endswith('MixIn') and any(map(is_server, found[:place])):
                yield at(node, 'The mix-in stands after the server class, and does '
                         'nothing there.', end=node.lineno)
                break


def server_close(source, flow):
    for node in source.nodes(ast.Call):
        if (isinstance(node.func, ast.Attribute) and node.func.attr == 'close'
                and isinstance(node.func.value, ast.Attribute)
                and node.func.value.attr == 'socket'
                and 'server' in ast.unparse(node.func.value.value).lower()):
            yield at(node, 'The children stay uncollected: call server_close(), which '
                     'waits for them.')


def mixed(source, name):
    """Return the classes with a mix-in."""
    return [node for node in source.nodes(ast.ClassDef)
            if any(base.endswith(name) for base in bases(node))]


def children(source, flow):
    if not mixed(source, 'ForkingMixIn'):
        return
    for loop in source.nodes(ast.While, ast.For):
        for node in ast.walk(loop):
            if isinstance(node, ast.Attribute) and node.attr == 'handle_request':
                yield at(node, 'A loop of your own collects no children: '
                         'handle_timeout() does, if the server has a timeout.')


def thread_list(source, flow):
    for node in mixed(source, 'ThreadingMixIn'):
        set_here = {target.id for part in node.body if isinstance(part, ast.Assign)
                    for target in part.targets if isinstance(target, ast.Name)}
        if not set_here & {'daemon_threads', 'block_on_close'} and (
                'daemon_threads' not in source.text):
            yield at(node, 'It keeps a list of its threads since 3.7: set '
                     'daemon_threads.', end=node.lineno)


def fork_with_threads(source, flow):
    if not any(flow.scopes.dotted(node.func, flow.scopes.module) in (
            'threading.Thread', 'thread.start_new_thread')
            for node in source.nodes(ast.Call)):
        return
    for node in source.nodes(ast.Call):
        if flow.scopes.dotted(node.func, flow.scopes.module) == 'os.fork':
            yield at(node, 'fork() in a process with threads warns since 3.12.')


def eintr(source, flow):
    for node in source.nodes(ast.Try):
        if any('errno.EINTR' in ast.unparse(part) or part.name and ast.unparse(
                part.type).endswith('InterruptedError') for part in node.handlers
               if part.type is not None):
            yield at(node, 'The call is taken up again after a signal: this is not '
                     'needed any more.')
    for node in source.nodes(ast.While):
        if is_a_wait(node):
            yield at(node, 'sleep() goes on after a signal: one is enough.')


def is_a_wait(node):
    """Return whether a loop only sleeps until a time has come."""
    return (isinstance(node.test, ast.Compare) and 'time()' in ast.unparse(node.test)
            and len(node.body) == 1 and isinstance(node.body[0], ast.Expr)
            and ast.unparse(node.body[0]).startswith(('time.sleep(', 'sleep(')))


def selectors(source, flow):
    """select() with lists that grow; those of one or two sockets are no matter."""
    for node in source.nodes(ast.Call):
        if (flow.scopes.dotted(node.func, flow.scopes.module) != 'select.select'
                or not any(grows(part, source, node) for part in node.args[:2])):
            continue
        yield at(node, 'select() takes descriptors below 1,024: selectors takes any.')
        if source.major == 2:
            for part in node.args[:2]:
                if isinstance(part, ast.Attribute):
                    yield from uses(source, part)


def grows(node, source, call):
    """Return whether a list given to select() can hold any number of sockets."""
    if isinstance(node, ast.List):
        return any(isinstance(part, ast.Starred) for part in node.elts)
    if isinstance(node, ast.Name):
        function = next((one for one in source.around(call)
                         if isinstance(one, FUNCTIONS)), source.tree)
        given = [one.value for one in ast.walk(function) if isinstance(one, ast.Assign)
                 for target in one.targets
                 if isinstance(target, ast.Name) and target.id == node.id]
        return not given or any(grows(one, source, call) for one in given) or any(
            isinstance(one, ast.Call) and ast.unparse(one.func) in (
                node.id + '.append', node.id + '.add') for one in ast.walk(function))
    return True


def uses(source, attribute):
    """Yield the other places of a list that select() is given."""
    for node in source.nodes(ast.Attribute):
        if ast.unparse(node) == ast.unparse(attribute) and node is not attribute:
            inside = next(one for one in source.around(node) if isinstance(one, ast.stmt))
            inside = inside if inside.end_lineno - inside.lineno < WHOLE else node
            if 'select.select' not in ast.unparse(inside):
                yield at(inside, 'This is for select(): selectors keeps such a list.')


def after_close(source, method):
    """Yield the calls of a method after close() of the same thing, in one function."""
    for function in source.nodes(ast.Module, *FUNCTIONS):
        closed = {}
        for node in sorted((one for one in ast.walk(function)
                            if isinstance(one, ast.Call)
                            and isinstance(one.func, ast.Attribute)),
                           key=lambda one: (one.lineno, one.col_offset)):
            thing = ast.unparse(node.func.value)
            if node.func.attr == 'close':
                closed[thing] = node
            elif node.func.attr == method:
                yield node, closed


def closed_fileno(source, flow):
    for node, closed in after_close(source, 'fileno'):
        before = closed.get(ast.unparse(node.func.value))
        if before and same_block(source, before, node):
            yield at(node, 'fileno() of a closed socket is -1, and no error.')


def epoll_unregister(source, flow):
    if 'epoll' not in source.text:
        return
    for node, closed in after_close(source, 'unregister'):
        argument = ast.unparse(node.args[0]) if node.args else ''
        numbers = {ast.unparse(one.value).partition('.fileno()')[0]
                   for one in source.nodes(ast.Assign)
                   if ast.unparse(one.targets[0]) == argument}
        for thing, before in closed.items():
            named = argument.startswith(thing) or thing in numbers
            if named and same_block(source, before, node):
                yield at(node, 'unregister() of a closed descriptor is an error since '
                         '3.9.')


def same_block(source, before, node):
    """Return whether a call stands in the same block as an earlier one."""
    one, other = (next(parent for parent in source.around(call)
                       if isinstance(parent, ast.stmt)) for call in (before, node))
    return source.parents[one] is source.parents[other]


def exception_variable(source, flow):
    """A name of an exception that is used after its block, and is nothing else then."""
    for handler in source.nodes(ast.ExceptHandler):
        if not handler.name:
            continue
        function = next((one for one in source.around(handler)
                         if isinstance(one, FUNCTIONS)), source.tree)
        others = [node for node in ast.walk(function)
                  if isinstance(node, ast.Name) and node.id == handler.name]
        inside = {node for one in ast.walk(function)
                  if isinstance(one, ast.ExceptHandler) and one.name == handler.name
                  for node in ast.walk(one)}
        after = [node for node in others if node not in inside
                 and node.lineno > handler.end_lineno]
        if after and isinstance(after[0].ctx, ast.Load) and not any(
                isinstance(node.ctx, ast.Store) for node in others):
            yield at(handler, '%s is deleted at the end of this block, and used after '
                     'it, in line %d.' % (handler.name, after[0].lineno), 'silent',
                     handler.lineno)


