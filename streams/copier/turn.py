"""One event being processed: when, under which name, and what comes of it.

The name makes the ids of the orders that come of it. They hold plan, follower, event and step, and
no counter that outlives the event, so that a copier that is started again and sees the event again
gives the same ids, and the venue knows them.
"""

from urllib.parse import quote

from streams.copier.actions import Action, Notice, NoticeCode


class Turn:
    """What one event leads to.

    Parameters
    ----------
    time_ns : int
        The copier's time: the newest that it was told.
    name : str
        The event: ``e/`` and its id, ``t/`` and the time of a tick.
    """

    __slots__ = ("actions", "name", "time_ns")

    def __init__(self, time_ns: int, name: str) -> None:
        self.time_ns = time_ns
        self.name = name
        self.actions: list[Action] = []

    def note(self, account_id: str, code: NoticeCode, text: str, **numbers: int) -> None:
        """Say something."""
        self.actions.append(Notice(self.time_ns, account_id, code, text, numbers))


class Stamper:
    """Names the requests of one follower.

    Examples
    --------
    >>> stamper = Stamper("plan/1", "A")
    >>> stamper.next_id("e/77"), stamper.next_id("e/77"), stamper.next_id("e/78")
    ('plan%2F1/A/e/77/0', 'plan%2F1/A/e/77/1', 'plan%2F1/A/e/78/0')
    """

    __slots__ = ("_name", "_prefix", "_step")

    def __init__(self, plan_id: str, account_id: str) -> None:
        # Escaped, so that no two different plans and accounts give one prefix.
        self._prefix = f"{quote(plan_id, safe='')}/{quote(account_id, safe='')}/"
        self._name = ""
        self._step = 0

    def next_id(self, turn_name: str) -> str:
        """Return the id of the next request of a turn."""
        if turn_name == self._name:
            self._step += 1
        else:
            self._name = turn_name
            self._step = 0
        return f"{self._prefix}{turn_name}/{self._step}"
