"""Behaviour as users write it: the names that a script imports, what a VU offers it, and how it is loaded.

Knows nothing of sockets, runs or verdicts; `engine.native` binds what is declared here.
"""
