"""Waits for what a running command does."""

import time

from tonnage.runs.store import Store


def wait_for(condition, what, seconds=15.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what} did not come within {seconds} s"
        time.sleep(0.02)


def stored_seconds(folder):
    """Seconds of windows in the newest run of a store, read beside its writer."""
    try:
        return max((window.end for window in Store(folder).load().windows), default=0)
    except Exception:  # it is just being made
        return 0
