"""End to end: the real command as a process of its own, and real runs on the native engine, against real servers."""
