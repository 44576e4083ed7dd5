"""Runs on disk: one SQLite database each, readable without this code, and complete to the last second after a kill."""

from tonnage.runs.store.folder import IN_MEMORY, LAST, Origins, Store, run_id
from tonnage.runs.store.record import Record
from tonnage.runs.store.writer import RunWriter

__all__ = ["IN_MEMORY", "LAST", "Origins", "Record", "RunWriter", "Store", "run_id"]
