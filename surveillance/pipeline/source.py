"""What a run reads, whatever holds it: a dataset of files, the journal of a stream."""

from collections.abc import Callable, Iterator
from typing import Protocol

import pyarrow as pa


class OrderSource(Protocol):
    """What a run reads: the orders in checked batches, and the tables beside them."""

    @property
    def shown(self) -> str:
        """Name of the orders' source in messages."""
        ...

    @property
    def n_order_bytes(self) -> int:
        """What progress counts up to."""
        ...

    def order_batches(
        self, *, latest_time_ns: int, on_progress: Callable[[int], None] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Yield the orders in canonical columns, in any order; no event is later."""
        ...

    def table(self, name: str, *, latest_time_ns: int) -> pa.Table:
        """Return one of the small tables, without rows where there is none."""
        ...

    def content_hash(self) -> str:
        """Return what tells this content from another."""
        ...
