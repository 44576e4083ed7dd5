"""What is measured against peers and against the aims: commands with a printed table, never a test."""
