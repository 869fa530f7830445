"""How long to wait for a broker: the only place of this package that reads a clock.

No event, position or result depends on it.
"""

import time


class Deadline:
    """A moment some seconds from now."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def is_over(self) -> bool:
        """Whether the moment has passed."""
        return time.monotonic() > self._end

    def left_s(self, at_least: float = 0.0) -> float:
        """Return the seconds until then."""
        return max(at_least, self._end - time.monotonic())
