"""Deciding how many replicas there should be. Knows no clock, no cluster and no user: time and sight are arguments."""
