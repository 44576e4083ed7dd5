"""Numbers: which metrics there are, how they are counted, added and judged. Knows no request, clock or run."""
