"""The store: what the runs found, in SQL tables; written as a whole run or not at all."""

from surveillance.store.store import Store

__all__ = ["Store"]
