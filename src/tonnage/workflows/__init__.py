"""The only room where driving and knowing meet: each module composes the others for one task, and decides nothing."""
