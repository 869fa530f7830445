"""Reconciliation as one would do it by hand: every event a line, counted again each time."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

OUTCOMES = ("accepted", "duplicates", "late", "dead")


@dataclass(frozen=True, slots=True)
class EventLine:
    """One event that was read; an outcome that is none of `OUTCOMES` is an event that got lost."""

    topic: str
    day: str
    outcome: str


def naive_days(events: Sequence[EventLine]) -> dict[tuple[str, str], dict[str, int]]:
    """Count the events by topic and day: how many were read and what became of them."""
    days = {}
    for place in {(event.topic, event.day) for event in events}:
        here = [event for event in events if (event.topic, event.day) == place]
        counted = Counter(event.outcome for event in here)
        days[place] = {"read": len(here)} | {name: counted[name] for name in OUTCOMES}
    return days


def naive_holds(events: Sequence[EventLine], n_letters: Counter[str], topic: str) -> bool:
    """Say whether no event of the topic got lost and each dead one has its letter."""
    here = [event for event in events if event.topic == topic]
    n_dead = sum(event.outcome == "dead" for event in here)
    return all(event.outcome in OUTCOMES for event in here) and n_dead == n_letters[topic]
