"""Every baseline by name, in the order of the tables, and how many of them a run asks for."""

from dataclasses import dataclass
from enum import StrEnum

from surveillance.jobs.baselines import (
    density,
    hand_set,
    peer_rule,
    synchrotrap,
    toolkit,
    validated_network,
)
from surveillance.jobs.baselines.budget import Find


class BaselineChoice(StrEnum):
    """Which baselines run: none, those that take seconds, or all."""

    NONE = "none"
    QUICK = "quick"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Baseline:
    """A method beside the detector.

    `find` gives groups of account codes; `is_quick` says that a market of 5,000 accounts and three
    days takes it seconds, not minutes.
    """

    name: str
    shown: str
    find: Find
    is_quick: bool


BASELINES = (
    Baseline("hand_set_rule", "hand-set rule", hand_set.find_groups, is_quick=True),
    Baseline("peer_rule", "peer's rule", peer_rule.find_groups, is_quick=True),
    Baseline("synchrotrap", "SynchroTrap's Jaccard", synchrotrap.find_groups, is_quick=True),
    Baseline(
        "validated_network",
        "statistically validated network",
        validated_network.find_groups,
        is_quick=True,
    ),
    Baseline("toolkit", "coordination-network-toolkit", toolkit.find_groups, is_quick=False),
    Baseline("density", "HDBSCAN on features", density.find_groups, is_quick=True),
)


def choose_baselines(choice: BaselineChoice) -> tuple[Baseline, ...]:
    """Return the baselines that a choice asks for."""
    if choice is BaselineChoice.NONE:
        return ()
    return tuple(b for b in BASELINES if b.is_quick or choice is BaselineChoice.ALL)
