"""Protocols over diesel's connections: HTTP, and WSGI on top of it."""
