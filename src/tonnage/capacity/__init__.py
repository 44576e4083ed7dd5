"""Supply as mathematics: how much a service can carry, by its parameters.

Knows no clock, no request, no run; demand is `load`, and `scaling` matches one to the other.
"""
