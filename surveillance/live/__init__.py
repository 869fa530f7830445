"""The live worker: events from topics in, groups and flags out, nothing lost, nothing doubled."""
