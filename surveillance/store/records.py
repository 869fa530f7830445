"""What the store is asked and what it answers, beyond the findings records themselves.

A page is always keyset-cut: `next_cursor` continues after its last row, also when rows were added
or removed meanwhile, and is null on the last page. `total` counts the whole listing.
"""

from dataclasses import dataclass
from enum import StrEnum

from surveillance.findings import (
    AccountSummary,
    Declaration,
    Episode,
    PlaceboFinding,
    RecommendedAction,
    RunManifest,
    Subtype,
    TimelineOrder,
    VerdictName,
)


class GroupSort(StrEnum):
    """The orders in which groups can be listed; all but `priority` put the largest value first."""

    PRIORITY = "priority"
    LOG10_E = "log10_e"
    N_MEMBERS = "n_members"
    LAST_TIME_NS = "last_time_ns"
    N_EPISODES = "n_episodes"


@dataclass(frozen=True, slots=True)
class GroupFilter:
    """Which groups are meant; a field left at None does not restrict.

    `dataset`, `account_id`, `instrument_id` and `firm_id` ask for one exact value of the group;
    `text` for a part of its id or of a member's account, owner or firm id, upper or lower case.
    """

    dataset: str | None = None
    verdict: VerdictName | None = None
    subtype: Subtype | None = None
    state: str | None = None
    action: RecommendedAction | None = None
    account_id: str | None = None
    instrument_id: str | None = None
    firm_id: str | None = None
    min_members: int | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class GroupSummary:
    """One row of the list of groups: what is filtered and sorted on, and the first reason.

    `lag_median_ms` is the median over the followers of their median lag; `headline` is the text of
    the first reason; `tie_kinds` are sorted, without repeats and only what weighs anything.
    `n_copied` of `n_opportunities` sums the followers' copies; None where identical
    orders made the group, and in rows of older versions.
    """

    group_id: str
    verdict: VerdictName
    subtype: Subtype
    probability: dict[str, float] | None
    state: str
    recommended_action: RecommendedAction
    declaration: Declaration
    leader_account_id: str | None
    source_off_venue: bool
    n_members: int
    log10_e: float
    lag_median_ms: float | None
    n_episodes: int
    first_time_ns: int
    last_time_ns: int
    instruments: tuple[str, ...]
    tie_kinds: tuple[str, ...]
    headline: str | None
    dataset: str
    run_id: str
    n_followers: int | None = None
    n_copied: int | None = None
    n_opportunities: int | None = None


@dataclass(frozen=True, slots=True)
class GroupPage:
    """One page of groups."""

    groups: tuple[GroupSummary, ...]
    next_cursor: str | None
    total: int


@dataclass(frozen=True, slots=True)
class GroupFacets:
    """How many groups each value would list; a facet ignores the filter on its own field.

    Every value is present, also with 0.
    """

    verdict: dict[VerdictName, int]
    subtype: dict[Subtype, int]
    action: dict[RecommendedAction, int]


@dataclass(frozen=True, slots=True)
class EpisodePage:
    """One page of a group's episodes, by number; `next_after` is the last number, or None."""

    episodes: tuple[Episode, ...]
    next_after: int | None
    total: int


@dataclass(frozen=True, slots=True)
class TimelinePage:
    """One page of a group's timeline; `next_after` is the place to go on from, or None."""

    orders: tuple[TimelineOrder, ...]
    next_after: int | None
    total: int


@dataclass(frozen=True, slots=True)
class AccountPage:
    """One page of accounts, by account id."""

    accounts: tuple[AccountSummary, ...]
    next_cursor: str | None
    total: int


@dataclass(frozen=True, slots=True)
class AccountDetail:
    """One account and the groups that hold it, in priority order."""

    account: AccountSummary
    groups: tuple[GroupSummary, ...]


@dataclass(frozen=True, slots=True)
class RunPage:
    """One page of runs, the newest first."""

    runs: tuple[RunManifest, ...]
    next_cursor: str | None
    total: int


@dataclass(frozen=True, slots=True)
class RunDetail:
    """One run's manifest and its placebo counts."""

    manifest: RunManifest
    placebo: tuple[PlaceboFinding, ...]


@dataclass(frozen=True, slots=True)
class TrackedGroup:
    """A group of the last run over a dataset: what keeps ids stable from run to run."""

    group_id: str
    member_account_ids: tuple[str, ...]
