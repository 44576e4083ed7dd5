"""The command `tonnage`: one file a verb, and `world`, the only place that touches the operating system's side."""
