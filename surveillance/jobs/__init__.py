"""Runs that end: evaluation, with its baselines, and what else a person starts by hand."""
