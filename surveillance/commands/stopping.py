"""Commands that run until they are asked to end."""

import signal
from types import FrameType


class Stopping:
    """Whether the process was asked to end: the step at hand is finished first."""

    def __init__(self) -> None:
        self._asked = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)

    def __call__(self) -> bool:
        """Say whether it was."""
        return self._asked

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self._asked = True
