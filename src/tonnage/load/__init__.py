"""Demand as mathematics: curves, executors, arrivals, plans. Knows no clock, no request and no result."""
