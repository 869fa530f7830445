"""What the pages of the copiers say: a plan in words, and each follower's line.

Plans, views and reports are the plain JSON of the store; accounts in them are strangers' text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from surveillance.store.copying import Copier, CopierStatus
from surveillance.store.copying.figures import FollowerFidelity, fidelity_of
from surveillance.web.formats import money, plural, words

_SIZES = {
    "fixed": "{} lots an order",
    "ratio": "{} of the leader's lots",
    "notional": "{} of the leader's value",
    "equity": "{} of the leader's lots by equity",
    "balance": "{} of the leader's lots by balance",
}
_TARGETED = ("ratio", "notional")
_UNLIMITED = ("when_locked", "consistency_percent")


@dataclass(frozen=True, slots=True)
class Holding:
    """What an account holds of an instrument; `target` where its ratio asks for a position."""

    instrument_id: str
    lots: int
    target: int | None

    @property
    def is_off(self) -> bool:
        """Whether the position is not what the ratio asks for."""
        return self.target is not None and self.target != self.lots


@dataclass(frozen=True, slots=True)
class FollowerLine:
    """One follower: the plan's side of it, and what is known of its work."""

    plan: Mapping[str, Any]
    size: str
    limits: tuple[str, ...]
    view: Mapping[str, Any] | None
    holdings: tuple[Holding, ...]
    fidelity: FollowerFidelity | None


def follower_lines(copier: Copier) -> list[FollowerLine]:
    """Return a copier's followers, in the plan's order.

    A view or a check of an earlier plan may lack followers, or know some that are gone.
    """
    views = {one["account_id"]: one for one in (copier.view or {}).get("followers", ())}
    fidelity = {one.account_id: one for one in fidelity_of(copier).followers}
    lines = []
    for own in copier.plan["followers"]:
        name = own["account_id"]
        view = views.get(name)
        lines.append(
            FollowerLine(
                own,
                size_words(own["size"]),
                limit_words(own["limits"]),
                view,
                _holdings(view, is_targeted=own["size"]["mode"] in _TARGETED),
                fidelity.get(name),
            )
        )
    return lines


def leader_holdings(view: Mapping[str, Any] | None) -> tuple[Holding, ...]:
    """Return what the leader holds."""
    positions = view["leader"]["positions"] if view is not None else {}
    return tuple(Holding(name, lots, None) for name, lots in sorted(positions.items()))


def size_words(size: Mapping[str, Any]) -> str:
    """Return a follower's sizes in words: `0.5 of the leader's lots, rounded down`."""
    parts = [_SIZES[size["mode"]].format(size["value"])]
    if size["mode"] != "fixed":
        rounding = size["rounding"]
        parts.append(
            {"carry": "rest carried on", "micros": "in micros"}.get(rounding, f"rounded {rounding}")
        )
    if size["minimum_lots"]:
        parts.append(f"at least {size['minimum_lots']}")
    if size["maximum_lots"]:
        parts.append(f"at most {size['maximum_lots']}")
    if size["target"]:
        parts.append("to the target position")
    return ", ".join(parts)


def limit_words(limits: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the limits that are set, in words: `daily loss $2,000.00`."""
    found = []
    for name, value in limits.items():
        if value is None or name in _UNLIMITED:
            continue
        if name.endswith("_cents"):
            found.append(f"{words(name.removesuffix('_cents'))} {money(value)}")
        else:
            found.append(f"{words(name.removesuffix('_lots'))} {value:,}")
    if limits["profit_target_cents"] is not None:
        found.append(f"at most {limits['consistency_percent']}% of it in a day")
    return tuple(found)


def headline(copier: Copier) -> str:
    """Return what a copier is doing, in a sentence without names."""
    summary = copier.summary
    n = plural(summary.n_followers, "follower")
    verb = "copies" if summary.n_followers == 1 else "copy"
    if summary.status is CopierStatus.NEVER_RUN:
        return f"{n}; it has never run"
    if summary.status is CopierStatus.STOPPED:
        return f"{n}; it is stopped"
    states = ", ".join(f"{count} {words(state)}" for state, count in summary.states.items())
    said = f"{n} {verb} the leader" + (f": {states}" if states else "")
    return said if summary.status is CopierStatus.RUNNING else f"when last heard of, {said}"


def _holdings(view: Mapping[str, Any] | None, *, is_targeted: bool) -> tuple[Holding, ...]:
    if view is None:
        return ()
    positions, targets = view["positions"], view["targets"]
    return tuple(
        Holding(name, positions.get(name, 0), targets.get(name, 0) if is_targeted else None)
        for name in sorted({*positions, *targets})
    )
