"""Upstream's own cases, run over the policies: `python -m tests.conformance FILE…`.

A case is data: what upstream's test gave, and what it asserted. `runner` knows which suite reads which file; the suites
turn a case into calls of the product, and answer with what differs. Fields that a case leaves out are not asserted.
"""
