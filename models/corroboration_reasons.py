"""Further evidence in words: which kinds matter, and what they say to a person."""

from collections.abc import Sequence

from models.corroboration import CANCELS, EXITS, REPLACES, SIZES, STOPS, Corroboration
from models.corroboration_params import CorroborationParams
from models.findings import Finding

_WHAT = {
    EXITS: "The source left positions that followers had entered with it: in {n} such chances "
    "they left within their usual lag {hits} times; with its times moved by minutes they would "
    "have {chance} times",
    CANCELS: "Followers that cancel orders had {n} chances to cancel right after the source and "
    "did so {hits} times; at other times of the day they would {chance} times",
    REPLACES: "Followers that change orders had {n} chances to change one right after the source "
    "and did so {hits} times; at other times of the day they would {chance} times",
    STOPS: "Of {n} stop orders placed right after the source's, {hits} have its price; beside "
    "another of its stops {chance} would have it",
    SIZES: "Of {n} repeated decisions, {hits} have the size that the follower's ratio in the "
    "others foretells; beside another of the source's decisions {chance} would",
}


def further_reasons(
    further: Sequence[Corroboration], params: CorroborationParams
) -> tuple[Finding, ...]:
    """Return a reason for each kind that counts enough, for copying or against it."""
    return tuple(_reason(one) for one in further if abs(one.log10_lr) >= params.reason_log10_lr)


def _reason(one: Corroboration) -> Finding:
    speaks_for = one.log10_lr > 0
    times = float(f"{10.0 ** abs(one.log10_lr):.2g}")
    chance = round(one.chance, 1)
    text = _WHAT[one.kind].format(n=one.n, hits=one.hits, chance=f"{chance:g}")
    return Finding(
        f"{one.kind}_repeated" if speaks_for else f"{one.kind}_not_repeated",
        f"{text}. That counts as {times:g} times {'more' if speaks_for else 'less'} likely if "
        "they copy.",
        {
            "chances": one.n,
            "repeated": one.hits,
            "by_chance": chance,
            "times_more_likely" if speaks_for else "times_less_likely": times,
        },
    )
