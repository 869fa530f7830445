"""Replays dead letters: what the codec takes today is queued for the worker, the rest stays.

The worker decodes the queued bytes again, with its own codec, in the step that counts and judges
their events. Decoding here first says at once what would only be refused anew.
"""

from dataclasses import dataclass

from streams.codec import decode
from streams.topics import Topics
from surveillance.store.live import LiveStore

NO_TABLE = "its topic carries no table of the contract"


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """What became of one letter.

    Attributes
    ----------
    number : int
        The letter's.
    replay_number : int or None
        Its place in the queue; None where it was refused again and nothing has changed.
    n_events : int
        Events that the letter's bytes hold today; a removed key counts as one.
    refusal : str or None
        Why it was refused again.
    """

    number: int
    replay_number: int | None
    n_events: int
    refusal: str | None


def replay_letter(
    live: LiveStore, number: int, *, topics: Topics, latest_time_ns: int
) -> ReplayResult:
    """Decode a dead letter and queue it for the worker if any event comes of it.

    A letter is queued once, however often this is called.

    Parameters
    ----------
    live : LiveStore
        The stream.
    number : int
        The letter's.
    topics : Topics
        Which table and whose topic it came from.
    latest_time_ns : int
        Latest event time accepted, UTC nanoseconds.

    Raises
    ------
    NotFoundError
        If there is no letter of this number.
    StoreError
        If the database fails.
    """
    message = live.dead_letter(number).letter.message
    table = topics.table(message.topic)
    if table is None:
        return ReplayResult(number, None, 0, NO_TABLE)
    decoded = decode(
        [message], table, firm_id=topics.firm(message.topic), latest_time_ns=latest_time_ns
    )
    n_events = int(decoded.batch.num_rows) + len(decoded.tombstones)
    if n_events == 0:
        refusal = decoded.dead[0].sentence if decoded.dead else "it holds no event"
        return ReplayResult(number, None, 0, refusal)
    return ReplayResult(number, live.replay(number), n_events, None)
