"""Recovery: the engine as it stood when the stream was last judged, whatever ended the worker.

The state that was saved last is restored; what was judged after it is read from the journal and
detected again. Without such a state the whole journal is detected again: the same, but slower.
"""

import pyarrow as pa
import pyarrow.compute as pc

from streams.eventtime import NO_TIME_NS, ReorderBuffer, in_event_order
from surveillance.live.acceptance import Acceptance
from surveillance.live.engine import Engine
from surveillance.live.journal import on_time_events, read_segment
from surveillance.pipeline.encode import COLUMNS
from surveillance.store.live import LiveStore


def recover(
    store: LiveStore,
    snapshot: bytes | None,
    engine: Engine,
    acceptance: Acceptance,
    waiting: ReorderBuffer,
    *,
    judged_ns: int,
) -> int:
    """Bring engine and acceptance to where the stream stands; what was not judged waits again.

    Parameters
    ----------
    store : LiveStore
        Holds the journal.
    snapshot : bytes or None
        What `Engine.snapshot` returned at an earlier time.
    engine, acceptance, waiting
        New ones, to be filled.
    judged_ns : int
        Events before this time were judged.

    Returns
    -------
    int
        Events that were judged since the snapshot.
    """
    restored = engine.restore(snapshot) if snapshot is not None else None
    known_ns, remembers_ns = NO_TIME_NS, NO_TIME_NS
    if restored is not None:
        known_ns, remembers_ns = restored.judged_ns, restored.remembers_ns
    parts = []
    for content in store.segments(first_ns=min(remembers_ns, acceptance.remembers_ns)):
        batch = read_segment(content)
        acceptance.remember(batch)
        parts.append(on_time_events(batch).select(COLUMNS))
    if not parts:
        return 0
    table = pa.Table.from_batches(parts)
    table = table.filter(pc.greater_equal(table.column("event_time_ns"), remembers_ns))
    events = in_event_order(table.combine_chunks())
    times = events.column("event_time_ns").to_numpy()
    known, judged = times.searchsorted([known_ns, max(known_ns, judged_ns)]).tolist()
    engine.recall(events.slice(0, known))
    engine.replay(events.slice(known, judged - known))
    waiting.add(events.slice(judged))
    return int(judged - known)
