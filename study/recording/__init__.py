"""Conversations between clients and a server: recorded, and played to another server.

Only the standard library is needed here. FORMAT.md says what a recording looks like.
"""
