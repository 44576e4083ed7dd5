"""Tonnage: how much load a service can carry, how much headroom is left, and which policy keeps it."""
