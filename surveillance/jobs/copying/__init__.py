"""The copier at work on records: a plan checked and played, and the detector checked by it."""
