"""Features of a group: one named row, all that the verdict looks at.

Crowd features compare what the rest of the market did around the source's decisions with what it
usually does: members that repeat the source only when everybody acts follow a public trigger.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.columns import NO_SEQUENCE, DecisionColumns, is_among
from models.corroboration import Corroboration
from models.grouping import Link
from models.kernels.sandwiches import count_enclosed
from models.params import CLOCK_PERIODS_NS, MINUTE_NS, DetectionParams
from models.roles import Roles


@dataclass(frozen=True, slots=True)
class KeyLog:
    """Decisions of one (family, side) in event order, shape (n_decisions,)."""

    event_time_ns: NDArray[np.int64]
    account: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class MarketLog:
    """When anybody decided, by key = 2 x family + side."""

    n_accounts: int
    logs: dict[int, KeyLog]

    def key(self, key: int) -> KeyLog:
        """Return the decisions of one key; none where nobody ever decided."""
        empty = KeyLog(np.empty(0, np.int64), np.empty(0, np.int32))
        return self.logs.get(key, empty)

    def only(self, chosen: NDArray[np.bool_]) -> "MarketLog":
        """Return the decisions of the accounts that are marked, shape (n_accounts,)."""
        logs = {}
        for key, log in self.logs.items():
            rows = np.flatnonzero(chosen[log.account])
            logs[key] = KeyLog(log.event_time_ns[rows], log.account[rows])
        return MarketLog(self.n_accounts, logs)

    def decisions_of(self, accounts: Sequence[int]) -> DecisionColumns:
        """Return the decisions of some accounts, without instruments, sizes and prices."""
        chosen = np.zeros(self.n_accounts, np.bool_)
        chosen[list(accounts)] = True
        parts = [
            (log.event_time_ns, log.account, np.full(log.account.size, key))
            for key, log in sorted(self.only(chosen).logs.items())
        ]
        times, codes, keys = (np.concatenate(column) for column in zip(*parts, strict=True))
        order = np.lexsort((codes, keys, times))
        none = np.zeros(order.size, np.int64)
        return DecisionColumns(
            event_time_ns=times[order],
            sequence=np.full(order.size, NO_SEQUENCE, np.int64),
            account=codes[order],
            family=(keys[order] // 2).astype(np.int32),
            instrument=none.astype(np.int32),
            side=(keys[order] % 2).astype(np.int8),
            quantity_lots=none,
            price_ticks=none,
            has_price=none.astype(np.bool_),
        )


@dataclass(frozen=True, slots=True)
class GroupFeatures:
    """What a verdict rests on besides owners and ties.

    Shares lie between 0 and 1; None where there was nothing to count. The log10 likelihood ratios
    are those of `models.corroboration`, 0 where a kind could not be measured.
    """

    n_episodes: int
    n_quiet: int
    quiet_fidelity: float | None
    fidelity: float
    burst_share: float
    crowd_size: float
    crowd_ratio: float
    lead_share: float
    tied_share: float
    coverage: float
    off_venue: bool
    opposite_share: float
    basket_share: float = 0.0
    clock_share: float = 0.0
    automated_share: float | None = None
    exits_log10_lr: float = 0.0
    cancels_log10_lr: float = 0.0
    replaces_log10_lr: float = 0.0
    stops_log10_lr: float = 0.0
    sizes_log10_lr: float = 0.0


def group_features(
    roles: Roles,
    decisions: DecisionColumns,
    market: MarketLog,
    clustered: NDArray[np.bool_],
    params: DetectionParams,
    *,
    links: Sequence[Link] = (),
    siblings: Mapping[int, Sequence[int]] | None = None,
    automated_share: NDArray[np.float64] | None = None,
    further: Sequence[Corroboration] = (),
) -> GroupFeatures:
    """Measure one group.

    Parameters
    ----------
    roles : Roles
        Source and followers.
    decisions : DecisionColumns
        All decisions of the members, in event order.
    market : MarketLog
        Everybody's decisions, the members' included.
    clustered : ndarray of bool, shape (n_accounts,)
        Accounts that are in any cluster: whatever they are, they are no unrelated crowd.
    params : DetectionParams
        Thresholds.
    links : sequence of Link
        Validated pairs of the cluster.
    siblings : mapping of int to sequence of int, optional
        For each member, the accounts of its owner.
    automated_share : ndarray of float, shape (n_accounts,), optional
        Share of each account's orders that are marked as automated, NaN where none says.
    further : sequence of Corroboration
        What was found beside the timing.
    """
    around, usual, is_quiet = _surroundings(roles.source_rows, decisions, market, clustered, params)
    quiet_rows = roles.source_rows[is_quiet]
    copied = sum(f.copied for f in roles.followers)
    chances = sum(int(f.opportunities.size) for f in roles.followers)
    quiet_copied = sum(int(is_among(f.source_row, quiet_rows).sum()) for f in roles.followers)
    quiet_chances = sum(int(is_among(f.opportunities, quiet_rows).sum()) for f in roles.followers)
    in_episode = is_among(roles.source_rows, roles.episode_row)
    n_episodes = int(roles.episode_row.size)
    return GroupFeatures(
        n_episodes=n_episodes,
        n_quiet=int(
            is_among(quiet_rows, np.concatenate([f.opportunities for f in roles.followers])).sum()
        ),
        quiet_fidelity=quiet_copied / quiet_chances if quiet_chances else None,
        fidelity=copied / max(chances, 1),
        burst_share=float((~is_quiet[in_episode]).mean()) if n_episodes else 0.0,
        crowd_size=float(
            np.median(_strangers_near(roles.episode_row, decisions, market, clustered, params))
        )
        if n_episodes
        else 0.0,
        crowd_ratio=float(np.median(around[in_episode] / (usual[in_episode] + 1.0)))
        if n_episodes
        else 0.0,
        lead_share=roles.lead_share,
        tied_share=roles.tied_share,
        coverage=roles.coverage,
        off_venue=roles.off_venue,
        opposite_share=_opposite_share(links, decisions, params),
        basket_share=_basket_share(roles, decisions, market, siblings or {}, params),
        clock_share=_clock_share(decisions.event_time_ns[roles.episode_row], params),
        automated_share=_automated(roles, automated_share),
        **{f"{one.kind}_log10_lr": one.log10_lr for one in further},
    )


def _clock_share(times: NDArray[np.int64], params: DetectionParams) -> float:
    """Return how much times gather at one place of the hour, or of a half, quarter or twelfth.

    The mean resultant length of the places on a circle: 0 spread out, 1 at one place (Mardia &
    Jupp 2000, section 2.3). 0 for few times.
    """
    if times.size < params.verdict.clock_min_episodes:
        return 0.0
    return max(
        float(np.abs(np.exp(2j * np.pi * (times % period) / period).mean()))
        for period in CLOCK_PERIODS_NS
    )


def _basket_share(
    roles: Roles,
    decisions: DecisionColumns,
    market: MarketLog,
    siblings: Mapping[int, Sequence[int]],
    params: DetectionParams,
) -> float:
    """Return the share of a member's decisions that come with one in another family at once.

    Its own or another account's of its owner: a firm may trade each leg of a spread from an account
    of its own. The median over the members: a spread is traded whole, by everybody who trades it.
    """
    within_ns = params.verdict.basket_ns
    members = (roles.source, *(f.account for f in roles.followers))
    theirs = {account: siblings.get(account, (account,)) for account in members}
    legs = market.decisions_of([account for own in theirs.values() for account in own])
    shares = []
    for account in members:
        rows = np.flatnonzero(decisions.account == account)
        times, families = decisions.event_time_ns[rows], decisions.family[rows]
        its = is_among(legs.account, theirs[account])
        leg_ns, leg_family = legs.event_time_ns[its], legs.family[its]
        together = np.zeros(rows.size, np.bool_)
        for family in np.unique(families):
            others = leg_ns[leg_family != family]
            here = families == family
            near = _count(others, times[here] - within_ns - 1, times[here] + within_ns)
            together[here] = near > 0
        shares.append(float(together.mean()) if rows.size else 0.0)
    return float(np.median(shares))


def _automated(roles: Roles, share: NDArray[np.float64] | None) -> float | None:
    """Return the least automated member's share, None where a member's is unknown."""
    if share is None:
        return None
    least = float(share[[roles.source, *(f.account for f in roles.followers)]].min())
    return None if np.isnan(least) else least


def _strangers_near(
    rows: NDArray[np.int64],
    decisions: DecisionColumns,
    market: MarketLog,
    clustered: NDArray[np.bool_],
    params: DetectionParams,
) -> NDArray[np.float64]:
    """Return how many decisions of unrelated accounts lie within the burst window either side."""
    burst = params.rank_test.burst_ns
    near = np.zeros(rows.size)
    keys = decisions.family.astype(np.int64) * 2 + decisions.side
    for key in np.unique(keys[rows]):
        here = np.flatnonzero(keys[rows] == key)
        times = decisions.event_time_ns[rows[here]]
        log = market.key(int(key))
        strangers = log.event_time_ns[~clustered[log.account]]
        near[here] = _count(strangers, times - burst, times + burst)
    return near


def quiet_decisions(
    rows: NDArray[np.int64],
    decisions: DecisionColumns,
    market: MarketLog,
    own: NDArray[np.bool_],
    params: DetectionParams,
) -> NDArray[np.bool_]:
    """Mark decisions around which strangers did not act more than usual, off the minute.

    Parameters
    ----------
    rows : ndarray of int64, shape (n_rows,)
        Which of the group's decisions to look at.
    decisions : DecisionColumns
        All decisions of the members, in event order.
    market : MarketLog
        Everybody's decisions, the members' included.
    own : ndarray of bool, shape (n_accounts,)
        Accounts that are no strangers to the group.
    params : DetectionParams
        Thresholds.
    """
    return _surroundings(rows, decisions, market, own, params)[2]


def _surroundings(
    rows: NDArray[np.int64],
    decisions: DecisionColumns,
    market: MarketLog,
    own: NDArray[np.bool_],
    params: DetectionParams,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return strangers' decisions around each, the usual number, and whether it is quiet there.

    Around is the burst window either side, usual what the ten minutes before give. A decision in
    the first seconds of a minute is not quiet, unless the key's clock is too coarse to tell.
    """
    burst, calm = params.rank_test.burst_ns, params.rank_test.calm_ns
    rule, phase_ns = params.verdict, params.rank_test.phase_ns
    around, usual = np.zeros(rows.size), np.zeros(rows.size)
    off_minute = np.ones(rows.size, np.bool_)
    keys = decisions.family.astype(np.int64) * 2 + decisions.side
    for key in np.unique(keys[rows]):
        here = np.flatnonzero(keys[rows] == key)
        times = decisions.event_time_ns[rows[here]]
        log = market.key(int(key))
        everyone = log.event_time_ns
        strangers = everyone[~own[log.account]]
        around[here] = _count(strangers, times - burst, times + burst)
        before = _count(strangers, times - calm, times - burst)
        usual[here] = before * (2.0 * burst) / (calm - burst)
        if np.mean(everyone % MINUTE_NS < phase_ns) < rule.coarse_clock_share:
            off_minute[here] = times % MINUTE_NS >= phase_ns
    quiet = (around <= rule.quiet_ratio * usual + rule.quiet_slack) & off_minute
    return around, usual, quiet


def _count(
    times: NDArray[np.int64], start: NDArray[np.int64], end: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return how many of the ascending `times` lie in (start, end]."""
    return np.searchsorted(times, end, "right") - np.searchsorted(times, start, "right")


def _opposite_share(
    links: Sequence[Link], decisions: DecisionColumns, params: DetectionParams
) -> float:
    """Return the share of the group's links in which one side trades around the other.

    A sandwich bot trades before its victim and takes it back at once after it, which the victim
    does not. Victims of one bot are linked with one another too, through it: every link counts.
    """
    members = sorted({account for link in links for account in (link.leader, link.follower)})
    pairs = {(link.leader, link.follower) for link in links}
    acts_of = _by_key(decisions, members)
    around = {
        (bot, victim)
        for bot, victim in pairs | {(follower, leader) for leader, follower in pairs}
        if _sandwiches(acts_of[bot], acts_of[victim], params)
    }
    bots = {bot for bot, _ in around}
    if not bots:
        return 0.0
    touched = {account for pair in around for account in pair}
    return len(touched) / len(members)


def _by_key(
    decisions: DecisionColumns, accounts: Sequence[int]
) -> dict[int, tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Return the keys and times of each account's decisions, sorted by key, then time."""
    keys = decisions.family.astype(np.int64) * 2 + decisions.side
    order = np.argsort(keys, kind="stable")
    rows_of = {a: order[decisions.account[order] == a] for a in accounts}
    return {a: (keys[rows], decisions.event_time_ns[rows]) for a, rows in rows_of.items()}


def _sandwiches(
    bot: tuple[NDArray[np.int64], NDArray[np.int64]],
    victim: tuple[NDArray[np.int64], NDArray[np.int64]],
    params: DetectionParams,
) -> bool:
    """Whether the bot encloses most of the victim's decisions that it acts near."""
    rule = params.verdict
    n_near, n_enclosed = count_enclosed(*bot, *victim, rule.opposite_ns, rule.opposite_exit_ns)
    return n_near >= rule.min_quiet and n_enclosed >= rule.opposite_legs_share * n_near
