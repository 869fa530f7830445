"""Other methods on the same orders, to see what the detector's mathematics buys.

Each module holds one method, written from its source: actions in, groups of account codes out.
`registry.py` names them, `budget.py` runs one within bounds of time and memory.
"""
