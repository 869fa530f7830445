"""A copier in figures and words: the latency chart, sizes, limits, what changed since."""

import re
from decimal import Decimal
from xml.etree import ElementTree

import pytest
from helpers.findings import HOSTILE_IDS

from streams.copier import Plan
from streams.copier.plan import FollowerPlan, Limits, Rounding, Size, SizeMode
from streams.copier.plan_file import plan_to_json
from surveillance.store.copying.figures import CopierLatency, FollowerLatency
from surveillance.web.charts import latency_lanes
from surveillance.web.charts.latency import N_LANES
from surveillance.web.copying import limit_words, size_words

BOUNDS_MS = (1.0, 5.0, 10.0)


def latency_of(*counts: tuple[int, ...], name: str = "follower") -> CopierLatency:
    followers = tuple(
        FollowerLatency(f"{name}-{number}", one, 5.0, 10.0, 12.5)
        for number, one in enumerate(counts)
    )
    return CopierLatency("plan", 1, BOUNDS_MS, followers)


def heights(svg: str) -> list[float]:
    return [float(found) for found in re.findall(r"v-([0-9.]+)h", svg)]


def test_a_bar_is_as_high_as_its_share_of_the_lanes_highest() -> None:
    figure = latency_lanes(latency_of((0, 40, 20, 0), (0, 0, 0, 3)))
    first, second, other = heights(figure.svg)
    assert first == 2 * second
    assert other == first, "each lane fills its own height"
    assert figure.rows == (
        ("follower-0", "0", "40", "20", "0"),
        ("follower-1", "0", "0", "0", "3"),
    )
    assert len(figure.columns) == len(BOUNDS_MS) + 2
    assert "63 copies of 2 followers" in figure.summary


def test_one_copy_among_many_is_still_seen() -> None:
    assert min(heights(latency_lanes(latency_of((100_000, 0, 0, 1))).svg)) >= 1


@pytest.mark.parametrize("latency", [latency_of(), latency_of((0, 0, 0, 0))])
def test_without_a_copy_the_chart_says_so(latency: CopierLatency) -> None:
    assert latency_lanes(latency).summary == "No copy has been sent yet."


def test_the_table_holds_followers_that_are_not_drawn() -> None:
    figure = latency_lanes(latency_of(*[(1, 0, 0, 0)] * (N_LANES + 5)))
    assert len(heights(figure.svg)) == N_LANES
    assert len(figure.rows) == N_LANES + 5


@pytest.mark.parametrize("name", HOSTILE_IDS)
def test_names_of_strangers_are_text(name: str) -> None:
    svg = latency_lanes(latency_of((1, 0, 0, 0), (0, 0, 0, 0), name=name)).svg
    tags = {element.tag for element in ElementTree.fromstring(svg).iter()}
    assert tags <= {"svg", "title", "desc", "path", "line", "text"}


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (Size(), "1 of the leader's lots, rounded nearest"),
        (Size(SizeMode.FIXED, Decimal(2)), "2 lots an order"),
        (Size(rounding=Rounding.CARRY), "1 of the leader's lots, rest carried on"),
        (
            Size(SizeMode.NOTIONAL, rounding=Rounding.MICROS, target=True),
            "1 of the leader's value, in micros, to the target position",
        ),
        (
            Size(SizeMode.EQUITY, minimum_lots=1, maximum_lots=5),
            "1 of the leader's lots by equity, rounded nearest, at least 1, at most 5",
        ),
    ],
)
def test_a_size_is_said_in_words(size: Size, said: str) -> None:
    assert size_words(own_of(size=size)["size"]) == said


def test_only_limits_that_are_set_are_said() -> None:
    assert limit_words(own_of()["limits"]) == ()
    limits = Limits(largest_order_lots=1_000, profit_target_cents=600_000, consistency_percent=25)
    assert limit_words(own_of(limits=limits)["limits"]) == (
        "largest order 1,000",
        "profit target $6,000.00",
        "at most 25% of it in a day",
    )


def own_of(**fields: object) -> dict[str, dict[str, object]]:
    plan = Plan("p", "l", (FollowerPlan("f", "o", "d", **fields),))  # type: ignore[arg-type]
    own: dict[str, dict[str, object]] = plan_to_json(plan)["followers"][0]
    return own
