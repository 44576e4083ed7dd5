"""Numbers: what is measured, in which unit, how samples become histograms, and how limits on them are read.

Knows nothing of requests, scripts, runs or clocks.
"""
