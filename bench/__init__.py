"""What is measured against peers: commands with a printed table, never a test."""
