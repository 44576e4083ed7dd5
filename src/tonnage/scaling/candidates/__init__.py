"""Candidates of a search: points of a space, and the policy, the surroundings and the file that each stands for."""
