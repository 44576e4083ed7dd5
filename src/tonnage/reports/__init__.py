"""Telling people what happened in a run: figures, and the documents and texts made of them. No clock, no files."""
