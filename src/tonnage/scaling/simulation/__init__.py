"""The parts of a rehearsal: replicas and nodes, what they carry, what a policy sees of it, and the record."""
