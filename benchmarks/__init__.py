"""Benchmarks: what the product costs, measured by commands that write their own pages."""
