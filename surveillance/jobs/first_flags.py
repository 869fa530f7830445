"""How many copies until the first flag: the detector once more, in small steps over its stream.

The state of the detector is a value and batches may be cut anywhere, so the evidence at a cut is
what the live worker would have had then. A follower is *provisional* at the first cut at which a
pair of it and another member of its planted group has passed the threshold; *confirmed* at the
first cut at which the closed-time stages would show a group that holds it and another member. The
copies are those it had made by then: repeated decisions of the source, as the stage of roles pairs
them. A cut comes after the crossing, never before: the counts are upper bounds, by at most the
copies of one step, or of the steps between two runs of the closed-time stages.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.attachment import complete_clusters
from models.columns import DecisionColumns, PairEvidence
from models.grouping import Cluster, Link, find_clusters
from models.params import MINUTE_NS, DetectionParams
from models.roles import Roles, find_roles
from streams.files import Dataset
from surveillance.jobs.answer_key import AnswerKey, PlantedGroup
from surveillance.pipeline.detector import Detector
from surveillance.pipeline.encode import OrderEncoder
from surveillance.pipeline.encoded import EncodedOrders
from surveillance.pipeline.identity import IdentityLog
from surveillance.pipeline.runner import ScanResult, decisions_of
from surveillance.pipeline.spool import Spool

STEP_NS = MINUTE_NS
"""Between two looks at the evidence of pairs."""
STEPS_TO_CONFIRM = 5
"""The closed-time stages, which cost most of the time, run after so many steps."""


@dataclass(frozen=True, slots=True)
class FirstFlag:
    """One follower: its copies in all, and those it had made when first flagged; None if never."""

    kind: str
    n_copies: int
    until_provisional: int | None
    until_confirmed: int | None


def median_copies(counts: Sequence[int | None]) -> float | None:
    """Return the median number of copies, a follower never flagged counting as the most.

    Parameters
    ----------
    counts : sequence of int or None
        Copies until the flag; None where it never came.

    Returns
    -------
    float or None
        None if fewer than half were flagged or there is nobody.

    Examples
    --------
    >>> median_copies([4, 6, None])
    6.0
    """
    ranked = sorted(float("inf") if n is None else float(n) for n in counts)
    if not ranked:
        return None
    middle = (ranked[(len(ranked) - 1) // 2] + ranked[len(ranked) // 2]) / 2
    return None if middle == float("inf") else middle


@dataclass(slots=True)
class _Watched:
    """A planted group as codes, its roles, and when each follower was first flagged."""

    group: PlantedGroup
    codes: frozenset[int]
    roles: Roles
    copy_times: dict[int, NDArray[np.int64]]
    provisional_ns: dict[int, int]
    confirmed_ns: dict[int, int]

    def is_pending(self) -> bool:
        """Whether a member that trades with the others still waits for its second flag."""
        return not {self.roles.source, *self.copy_times} <= set(self.confirmed_ns)


def find_first_flags(
    dataset: Dataset,
    key: AnswerKey,
    result: ScanResult,
    params: DetectionParams,
    *,
    latest_time_ns: int,
    on_progress: Callable[[int, int], None] | None = None,
) -> tuple[FirstFlag, ...]:
    """Count, for every planted follower, the copies until its first flags.

    Parameters
    ----------
    dataset : Dataset
        The orders.
    key : AnswerKey
        The planted groups.
    result : ScanResult
        The scan of the whole dataset: the threshold it ended with holds throughout.
    params : DetectionParams
        Thresholds of that scan.
    latest_time_ns : int
        No event may be later, UTC nanoseconds.
    on_progress : callable, optional
        Called with orders done and their number.

    Returns
    -------
    tuple of FirstFlag
        One a follower and group, in the key's order.
    """
    instruments = dataset.table("instruments", latest_time_ns=latest_time_ns)
    with Spool() as spool:
        encoder = OrderEncoder(
            instruments,
            spool,
            shown=dataset.files["orders"].shown,
            identities=IdentityLog(spool.directory),
        )
        for batch in dataset.order_batches(latest_time_ns=latest_time_ns):
            encoder.add(batch)
        orders = encoder.finish()
        watched = _watch(orders, key, params)
        _replay(orders, watched, result.ln_threshold, params, on_progress)
    return tuple(flag for watch in watched for flag in _count(watch))


def _watch(orders: EncodedOrders, key: AnswerKey, params: DetectionParams) -> list[_Watched]:
    code_of = {account: code for code, account in enumerate(orders.accounts)}
    members = np.zeros(len(orders.accounts), np.bool_)
    for group in key.groups:
        members[[code_of[account] for account in group.members if account in code_of]] = True
    decisions = decisions_of(orders, members, params)
    watched = []
    for group in key.groups:
        codes = sorted(code_of[account] for account in group.members if account in code_of)
        if len(codes) < 2:
            continue
        mine = decisions.take(np.flatnonzero(np.isin(decisions.account, codes)))
        cluster = _planted_cluster(group, codes, code_of)
        roles = find_roles(cluster, mine, groups=params.groups, rank_test=params.rank_test)
        if roles is not None:
            copies = _copy_times(roles, mine)
            watched.append(_Watched(group, frozenset(codes), roles, copies, {}, {}))
    return watched


def _planted_cluster(group: PlantedGroup, codes: list[int], code_of: dict[str, int]) -> Cluster:
    """Return the group as the stage of roles would have it if the detector knew the answer."""
    source = code_of.get(group.leader or "", codes[0])
    followers = [code for code in codes if code != source]
    inverted = frozenset(followers) if group.inverse and group.leader is not None else frozenset()
    return Cluster(tuple(codes), inverted, 0.0, tuple(Link(source, code) for code in followers))


def _copy_times(roles: Roles, decisions: DecisionColumns) -> dict[int, NDArray[np.int64]]:
    return {
        follower.account: np.sort(decisions.event_time_ns[follower.own_row])
        for follower in roles.followers
    }


def _replay(
    orders: EncodedOrders,
    watched: list[_Watched],
    ln_threshold: float,
    params: DetectionParams,
    on_progress: Callable[[int, int], None] | None,
) -> None:
    """Run the detector, looking at the evidence after every step of the stream's own time."""
    watches_of: dict[int, list[_Watched]] = {}
    planted = np.zeros(len(orders.accounts), np.bool_)
    for watch in watched:
        planted[list(watch.codes)] = True
        for code in sorted(watch.codes):
            watches_of.setdefault(code, []).append(watch)
    done = n_steps = 0
    with Detector(params, n_accounts=len(orders.accounts)) as detector:
        for batch in orders.batches():
            step = batch.event_time_ns // STEP_NS
            cuts = np.flatnonzero(np.diff(step) != 0) + 1
            for rows in np.split(np.arange(len(batch)), cuts):
                if rows.size == 0:
                    continue
                detector.process(batch.take(rows))
                done += rows.size
                if on_progress is not None:
                    on_progress(done, orders.n_orders)
                now_ns = int(batch.event_time_ns[rows[-1]])
                n_steps += 1
                pairs = detector.pair_evidence(among=planted)
                _mark_provisional(pairs, watches_of, ln_threshold, now_ns)
                if n_steps % STEPS_TO_CONFIRM == 0:
                    _mark_confirmed(detector, watches_of, ln_threshold, now_ns, params)
        detector.close()
        pairs = detector.pair_evidence(among=planted)
        _mark_provisional(pairs, watches_of, ln_threshold, orders.last_time_ns)
        _mark_confirmed(detector, watches_of, ln_threshold, orders.last_time_ns, params)


def _mark_provisional(
    pairs: PairEvidence,
    watches_of: Mapping[int, list[_Watched]],
    ln_threshold: float,
    now_ns: int,
) -> None:
    """Note the members of planted groups whose first pair inside has passed."""
    passed = pairs.take(np.flatnonzero(pairs.ln_e >= ln_threshold))
    for one, other in zip(passed.leader.tolist(), passed.follower.tolist(), strict=True):
        for watch in watches_of.get(one, ()):
            if other in watch.codes:
                watch.provisional_ns.setdefault(one, now_ns)
                watch.provisional_ns.setdefault(other, now_ns)


def _mark_confirmed(
    detector: Detector,
    watches_of: Mapping[int, list[_Watched]],
    ln_threshold: float,
    now_ns: int,
    params: DetectionParams,
) -> None:
    """Note the members that stand with another member in a group that would be shown."""
    pairs = detector.pair_evidence()
    cores = find_clusters(pairs, ln_threshold=ln_threshold, params=params.groups)
    pending = [
        core
        for core in cores
        if any(watch.is_pending() for code in core.members for watch in watches_of.get(code, ()))
    ]
    if not pending:
        return
    # Weak members are tested at a level that all clusters share, the ones left out here as well.
    share = params.groups.tolerated_false_attachments * len(pending) / len(cores)
    shared = replace(params, groups=replace(params.groups, tolerated_false_attachments=share))
    market = detector.market_log()
    for cluster in complete_clusters(pending, market, shared):
        decisions = market.decisions_of(cluster.members)
        roles = find_roles(cluster, decisions, groups=params.groups, rank_test=params.rank_test)
        if roles is None or roles.episode_row.size < params.groups.min_episodes:
            continue
        shown = {roles.source, *(follower.account for follower in roles.followers)}
        for code in sorted(shown):
            for watch in watches_of.get(code, ()):
                if len(watch.codes & shown) > 1:
                    watch.confirmed_ns.setdefault(code, now_ns)


def _count(watch: _Watched) -> list[FirstFlag]:
    """Return a follower's copies by the times of its flags, for all followers of the key."""

    def copies_by(times: NDArray[np.int64], at_ns: int | None) -> int | None:
        return None if at_ns is None else int(np.searchsorted(times, at_ns, "right"))

    return [
        FirstFlag(
            kind=watch.group.kind,
            n_copies=int(times.size),
            until_provisional=copies_by(times, watch.provisional_ns.get(code)),
            until_confirmed=copies_by(times, watch.confirmed_ns.get(code)),
        )
        for code, times in sorted(watch.copy_times.items())
    ]
