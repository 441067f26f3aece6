"""The shim between the two trees and the one test suite.

    trees          which recipes there are, and how one is imported
    interpreters   where the Python that runs a tree is
    process        a recipe as a child process: a server, a client, a script
    kernel         what Linux says of another process: its threads, memory, children
    socketserver   the library's module under one name, with what 3.x added
    diesel         the real library on Python 2; on Python 3 its replacement

All of it runs on 2.7 and on 3.6 and up. The trees themselves never import it,
with one exception: py3/echo_server_with_diesel.py.
"""
