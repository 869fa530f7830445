"""The ids of the last events: delivery is at least once, and an event counts once."""

_MOST_IDS = 65_536


class RecentIds:
    """Ids seen lately; of two windows of `_MOST_IDS`, the older one is dropped whole.

    Examples
    --------
    >>> seen = RecentIds()
    >>> seen.add("a"), seen.add("a")
    (True, False)
    """

    __slots__ = ("_new", "_old")

    def __init__(self) -> None:
        self._new: dict[str, None] = {}
        self._old: dict[str, None] = {}

    def add(self, event_id: str) -> bool:
        """Take an id; return whether it is new."""
        if event_id in self._new or event_id in self._old:
            return False
        if len(self._new) >= _MOST_IDS:
            self._old, self._new = self._new, {}
        self._new[event_id] = None
        return True

    def snapshot(self) -> list[list[str]]:
        """Return the state as plain JSON types."""
        return [list(self._old), list(self._new)]

    def restore(self, snapshot: list[list[str]]) -> None:
        """Go back to a state that `snapshot` returned."""
        self._old, self._new = (dict.fromkeys(ids) for ids in snapshot)
