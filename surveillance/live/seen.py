"""The identities of the events of the last days: what a repeat is known by."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.kernels.identities import note_identities
from surveillance.pipeline.identity import hash_texts, mix

_LEAST_PLACES = 1 << 16


class SeenEvents:
    """A set of event identities, each (firm, event id), with the time of its first event."""

    def __init__(self) -> None:
        self._n_used = 0
        self._high = np.zeros(_LEAST_PLACES, np.uint64)
        self._low = np.zeros(_LEAST_PLACES, np.uint64)
        self._time_ns = np.zeros(_LEAST_PLACES, np.int64)

    def __len__(self) -> int:
        return self._n_used

    @property
    def n_bytes(self) -> int:
        """Memory that the set holds."""
        return self._high.nbytes + self._low.nbytes + self._time_ns.nbytes

    def note(self, batch: pa.RecordBatch, oldest_ns: int) -> NDArray[np.bool_]:
        """Enter the events and return which were there before, shape (n_events,).

        Parameters
        ----------
        batch : pa.RecordBatch
            Events with `firm_id`, `event_id` and `event_time_ns`; one without an id is never a
            repeat.
        oldest_ns : int
            Identities of events before this time may be forgotten.
        """
        has_id = batch.column("event_id").is_valid().to_numpy(zero_copy_only=False)
        rows = np.flatnonzero(has_id)
        self._make_room(rows.size, oldest_ns)
        named = batch.select(["firm_id", "event_id", "event_time_ns"]).take(pa.array(rows))
        high, low = mix(hash_texts(named.column("firm_id")), *hash_texts(named.column("event_id")))
        repeats = np.zeros(rows.size, np.bool_)
        times = named.column("event_time_ns").to_numpy()
        self._n_used += self._enter(high, low, times, repeats)
        found = np.zeros(batch.num_rows, np.bool_)
        found[rows] = repeats
        return found

    def _enter(
        self,
        high: NDArray[np.uint64],
        low: NDArray[np.uint64],
        time_ns: NDArray[np.int64],
        repeats: NDArray[np.bool_],
    ) -> int:
        table = self._high, self._low, self._time_ns
        return int(note_identities(high, low, time_ns, *table, repeats))

    def _make_room(self, n_more: int, oldest_ns: int) -> None:
        """Forget what is too old and grow, so that at most half of the places are used."""
        if 2 * (self._n_used + n_more) <= self._high.size:
            return
        used = (self._high != 0) | (self._low != 0)
        kept = used & (self._time_ns >= oldest_ns)
        high, low, times = self._high[kept], self._low[kept], self._time_ns[kept]
        size = max(_LEAST_PLACES, 1 << int(4 * (high.size + n_more)).bit_length())
        self._high, self._low = np.zeros(size, np.uint64), np.zeros(size, np.uint64)
        self._time_ns = np.zeros(size, np.int64)
        self._n_used = self._enter(high, low, times, np.zeros(high.size, np.bool_))
