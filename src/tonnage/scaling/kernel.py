"""The door of this room to the native core: sessions one by one, and requests one by one.

A day of a million sessions is a million arrivals and as many ends, and a busy service has that in an hour: too much for
a loop in Python. Whatever decides stays here; the core only carries out what happens between two decisions
(crates/tonnage-engine/src/pool, crates/tonnage-engine/src/stations).
"""

from __future__ import annotations

from tonnage._engine import RequestPool, SessionPool

__all__ = ["RequestPool", "SessionPool"]
