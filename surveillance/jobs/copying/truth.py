"""What a copier did, and what the detector says it did, side by side."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from streams.copier import Instrument, Plan
from streams.copier.plan import FollowerPlan
from streams.orderevents import EventType, OrderEvent
from surveillance.findings import GroupFinding

_NS_PER_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Copied:
    """One order of the leader and its copy, times in UTC nanoseconds.

    Lots count the family's smallest contract. A stop or target belongs to the decision of the entry
    that it `guards` where it comes with it (docs/method.md), and is none of its own then.
    """

    led_ns: int
    own_ns: int
    led_lots: float
    own_lots: float
    guards: bool

    @property
    def ratio(self) -> float:
        """Lots of the copy for one of the leader's."""
        return self.own_lots / self.led_lots

    @property
    def lag_ms(self) -> float:
        """Time from the leader's order to the copy."""
        return (self.own_ns - self.led_ns) / _NS_PER_MS


@dataclass(frozen=True, slots=True)
class FollowerComparison:
    """One follower: the truth, and what was found; None where it is not in the group.

    Ratios count the family's smallest contract. A missed copy is told as such (`missed_ns`) and not
    once more by a median that it moves: medians are compared over the same decisions.

    Attributes
    ----------
    true_ratio, true_lag_ms : float or None
        Medians over the copies that were found; over all, stops and targets apart, where the
        follower was not.
    found_ratio, found_lag_ms : float or None
        The detector's.
    total_ratio : float or None
        Lots of all copies over those of the orders copied: what a mix of ratios comes to.
    is_inverse, found_inverse : bool
        Whether it does the opposite of its leader; None where it is not in the group.
    n_led, n_copies : int
        The leader's orders, and those that the copier copied.
    n_joined : int
        Copies that belong to a decision with another order, as a stop to its entry.
    found_copied, found_opportunities : int
        The detector's.
    missed_ns, extra_ns : tuple of int
        Decisions of the leader that were copied and not found; found, and not copied.
    """

    account_id: str
    true_ratio: float | None
    found_ratio: float | None
    true_lag_ms: float | None
    found_lag_ms: float | None
    total_ratio: float | None
    is_inverse: bool
    found_inverse: bool | None
    n_led: int
    n_copies: int
    n_joined: int
    found_copied: int
    found_opportunities: int
    missed_ns: tuple[int, ...]
    extra_ns: tuple[int, ...]

    @property
    def ratio_error(self) -> float | None:
        """Difference of the ratios, as a share of the true one."""
        if self.true_ratio is None or self.found_ratio is None:
            return None
        return abs(self.found_ratio / self.true_ratio - 1.0)

    @property
    def lag_error_ms(self) -> float | None:
        """Difference of the median lags."""
        if self.true_lag_ms is None or self.found_lag_ms is None:
            return None
        return abs(self.found_lag_ms - self.true_lag_ms)


def true_copies(
    plan: Plan, events: list[OrderEvent], instruments: Mapping[str, Instrument]
) -> dict[str, list[Copied]]:
    """Read each follower's copies off the stamps.

    Several orders for one of the leader, as where fills are copied, are one copy: the first in
    time, all in size.
    """
    led = {
        event.order_id: event
        for event in events
        if event.account_id == plan.leader_account_id and event.event_type == EventType.NEW
    }
    own: dict[tuple[str, str], list[OrderEvent]] = {}
    for event in events:
        is_copy = event.event_type == EventType.NEW and event.parent_order_id in led
        if is_copy and event.account_id != plan.leader_account_id:
            own.setdefault((event.account_id, event.parent_order_id or ""), []).append(event)
    copies: dict[str, list[Copied]] = {one.account_id: [] for one in plan.followers}
    for (account_id, parent), orders in own.items():
        source = led[parent]
        lots = sum(order.quantity * _unit(order, instruments) for order in orders)
        copies[account_id].append(
            Copied(
                source.event_time_ns,
                orders[0].event_time_ns,
                source.quantity * _unit(source, instruments),
                lots,
                guards=source.parent_order_id is not None,
            )
        )
    return copies


def compare_follower(
    own: FollowerPlan,
    leader_account_id: str,
    copies: Sequence[Copied],
    n_led: int,
    found: GroupFinding | None,
) -> FollowerComparison:
    """Compare a follower's copies with the group in which it was found.

    The leader is the plan's: what was missed does not depend on who was taken for it.
    """
    account_id = own.account_id
    member = found and next((m for m in found.group.members if m.account_id == account_id), None)
    decisions = _decisions(found, leader_account_id) if found else frozenset()
    truth = {copy.led_ns for copy in copies}
    seen = _found_copies(found, account_id) if found else frozenset()
    # An order that the detector merged into another decision of the leader is none of its own.
    asked = truth & decisions if found else truth
    measured = [copy for copy in copies if (copy.led_ns in seen if member else not copy.guards)]
    return FollowerComparison(
        account_id=account_id,
        true_ratio=_median(copy.ratio for copy in measured),
        found_ratio=member.allocation_ratio if member else None,
        true_lag_ms=_median(copy.lag_ms for copy in measured),
        found_lag_ms=member.lag_median_ms if member else None,
        total_ratio=_total_ratio(copies),
        is_inverse=own.size.value < 0,
        found_inverse=member.inverse if member else None,
        n_led=n_led,
        n_copies=len(copies),
        n_joined=len(truth) - len(asked),
        found_copied=member.copied if member else 0,
        found_opportunities=member.opportunities if member else 0,
        missed_ns=tuple(sorted(asked - seen)),
        extra_ns=tuple(sorted(seen - truth)),
    )


def _median(values: Iterable[float]) -> float | None:
    measured = list(values)
    return median(measured) if measured else None


def _total_ratio(copies: Sequence[Copied]) -> float | None:
    led_lots = sum(copy.led_lots for copy in copies)
    return sum(copy.own_lots for copy in copies) / led_lots if led_lots else None


def _decisions(found: GroupFinding, account_id: str) -> frozenset[int]:
    return frozenset(one.event_time_ns for one in found.timeline if one.account_id == account_id)


def _found_copies(found: GroupFinding, account_id: str) -> frozenset[int]:
    return frozenset(
        episode.time_ns
        for episode in found.episodes
        if any(order.account_id == account_id for order in episode.orders)
    )


def _unit(event: OrderEvent, instruments: Mapping[str, Instrument]) -> float:
    """Return how many of its family's smallest contract one lot is."""
    own = instruments[event.instrument_id]
    family = [one.multiplier or 1.0 for one in instruments.values() if one.family == own.family]
    return (own.multiplier or 1.0) / min(family)
