"""The door of this room to the native core: session pools, session by session.

A day of a million sessions is a million arrivals and as many ends: too much for a loop in Python. Whatever decides
stays here; the core only carries out what happens between two decisions (crates/tonnage-engine/src/pool.rs).
"""

from __future__ import annotations

from tonnage._engine import SessionPool

__all__ = ["SessionPool"]
