"""The waist: the immutable record of a run, how it is recorded, judged and stored.

Everything that drives ends here, and everything that knows begins here.
"""
