"""Further evidence in words: which kinds matter, and what they say to a person."""

from collections.abc import Sequence

from models.corroboration import CANCELS, EXITS, REPLACES, SIZES, STOPS, Corroboration
from models.corroboration_params import CorroborationParams
from models.findings import Finding

_MOVED = "with the source's times moved by minutes, {chance} times"
_WHAT = {
    EXITS: "Followers that had entered with the source could leave right after it {n} times and "
    f"did so {{hits}} times; {_MOVED}",
    CANCELS: "Followers could cancel an order right after the source {n} times and did so {hits} "
    f"times; {_MOVED}",
    REPLACES: "Followers could change an order right after the source {n} times and did so {hits} "
    f"times; {_MOVED}",
    STOPS: "Of {n} stop orders placed right after the source's, {hits} have its price; beside its "
    "other stops, {chance} would",
    SIZES: "Of {n} repeated decisions, {hits} have the size that the follower's usual ratio "
    "foretells; beside the source's other sizes, {chance} would",
}


def further_reasons(
    further: Sequence[Corroboration], params: CorroborationParams
) -> tuple[Finding, ...]:
    """Return a reason for each kind that counts enough, for copying or against it."""
    return tuple(
        _reason(one, params) for one in further if abs(one.log10_lr) >= params.reason_log10_lr
    )


def _reason(one: Corroboration, params: CorroborationParams) -> Finding:
    speaks_for = one.log10_lr > 0
    times = float(f"{10.0 ** abs(one.log10_lr):.2g}")
    chance = round(one.chance, 1)
    text = _WHAT[one.kind].format(n=f"{one.n:,}", hits=f"{one.hits:,}", chance=f"{chance:,g}")
    most = ", the most that one kind may count"
    is_bounded = abs(one.log10_lr) >= params.most_log10_lr
    return Finding(
        f"{one.kind}_repeated" if speaks_for else f"{one.kind}_not_repeated",
        f"{text}. If they copy, that is {times:g} times {'more' if speaks_for else 'less'} likely"
        f"{most if is_bounded else ''}.",
        {
            "chances": one.n,
            "repeated": one.hits,
            "by_chance": chance,
            "times_more_likely" if speaks_for else "times_less_likely": times,
        },
    )
