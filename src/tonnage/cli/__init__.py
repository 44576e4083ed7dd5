"""The command line: one file a verb. It reads options and prints; it computes nothing."""
