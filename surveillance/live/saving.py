"""Saving the engine's state beside its work: taken between two steps, written in a thread.

Committed with a later step it is as good as new: a start judges again what came since it was taken.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from surveillance.live.state_bytes import State, write_state
from surveillance.live.telemetry import Telemetry


class StateSaver:
    """Takes a state after every so many judged events.

    Parameters
    ----------
    every_events : int
        A state that is due waits until the one before is written.
    telemetry : Telemetry
        Is told what was saved.
    """

    def __init__(self, every_events: int, telemetry: Telemetry) -> None:
        self._every_events = every_events
        self._telemetry = telemetry
        self._n_events = 0
        self._writer = ThreadPoolExecutor(1, "state")
        self._written: Future[bytes] | None = None

    def count(self, n_events: int) -> None:
        """Note events that were judged since the last call."""
        self._n_events += n_events

    def take(self, snapshot: Callable[[], State]) -> bytes | None:
        """Return a state that is to be committed now, and take another where it is due.

        Parameters
        ----------
        snapshot : callable
            Returns the state as it is now.
        """
        is_due = self._n_events >= self._every_events
        content = None
        if self._written is not None and (is_due or self._written.done()):
            content, self._written = self._written.result(), None
            self._telemetry.note("state_saved", n_bytes=len(content))
        if is_due:
            self._n_events = 0
            self._written = self._writer.submit(write_state, snapshot())
        return content
