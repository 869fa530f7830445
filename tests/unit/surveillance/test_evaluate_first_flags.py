"""Copies until the first flag, and farms on the evening of their first day."""

import numpy as np
import pyarrow as pa
import pytest
from helpers.copied_market import START_NS, copied_market, orders

from models.params import DAY_NS, DetectionParams
from streams.files import Dataset, write_dataset
from surveillance.findings import Subtype, VerdictName
from surveillance.jobs import first_flags
from surveillance.jobs.answer_key import AnswerKey, PlantedGroup
from surveillance.jobs.first_day import find_on_first_day
from surveillance.jobs.first_flags import FirstFlag, find_first_flags, median_copies
from surveillance.jobs.scoring import FoundGroup
from surveillance.pipeline.runner import ScanResult, scan

NOW_NS = START_NS + 30 * DAY_NS
GROUP = PlantedGroup(
    "G",
    "external_automatic",
    VerdictName.EXTERNAL,
    Subtype.SIGNAL,
    "L",
    frozenset({"L", "F1", "F2", "F3"}),
    {"L": 1.0, "F1": 1.0, "F2": 2.0, "F3": 3.0},
)
KEY = AnswerKey((GROUP,), {"H000": "scalper"})


def scanned(dataset: Dataset) -> ScanResult:
    return scan(
        dataset,
        params=DetectionParams(),
        now_ns=NOW_NS,
        finished_ns=lambda: NOW_NS,
        known_groups={},
        name="market",
    )


def flags_in(directory, table: pa.Table, key: AnswerKey = KEY) -> tuple[FirstFlag, ...]:
    write_dataset(directory, {"orders": table})
    dataset = Dataset.open(directory)
    return find_first_flags(
        dataset, key, scanned(dataset), DetectionParams(), latest_time_ns=NOW_NS
    )


def test_every_follower_is_flagged_after_some_of_its_copies(tmp_path) -> None:
    flags = flags_in(tmp_path, copied_market())
    assert [flag.kind for flag in flags] == ["external_automatic"] * 3
    for flag in flags:
        assert flag.n_copies > 50
        assert flag.until_provisional is not None
        assert flag.until_confirmed is not None
        assert 3 <= flag.until_provisional < flag.n_copies
        # A weak member may stand in a shown group before a pair of its own has passed.
        assert 3 <= flag.until_confirmed < flag.n_copies


def test_smaller_steps_never_count_more(tmp_path, monkeypatch) -> None:
    narrow_ns = first_flags.STEP_NS
    monkeypatch.setattr(first_flags, "STEP_NS", 5 * narrow_ns)
    wide = flags_in(tmp_path / "wide", copied_market())
    monkeypatch.setattr(first_flags, "STEP_NS", narrow_ns)
    monkeypatch.setattr(first_flags, "STEPS_TO_CONFIRM", 1)
    narrow = flags_in(tmp_path / "narrow", copied_market())
    for one, other in zip(narrow, wide, strict=True):
        assert (one.until_provisional or 0) <= (other.until_provisional or 0)
        assert (one.until_confirmed or 0) <= (other.until_confirmed or 0)


def test_a_follower_of_few_copies_is_never_flagged(tmp_path) -> None:
    flags = flags_in(tmp_path, copied_market(n_copied=4))
    assert {(flag.until_provisional, flag.until_confirmed) for flag in flags} == {(None, None)}


def test_a_group_that_is_not_in_the_orders_has_no_flags(tmp_path) -> None:
    absent = AnswerKey(
        (
            PlantedGroup(
                "G", "relay", VerdictName.EXTERNAL, Subtype.SIGNAL, None, frozenset({"x", "y"}), {}
            ),
        ),
        {},
    )
    assert flags_in(tmp_path, copied_market(), absent) == ()


@pytest.mark.parametrize(
    ("counts", "median"),
    [([3], 3.0), ([3, 5], 4.0), ([3, None, 5], 5.0), ([None, 3], None), ([None], None), ([], None)],
)
def test_a_follower_never_flagged_counts_as_the_latest(counts, median) -> None:
    assert median_copies(counts) == median


# Farms


def farm(name: str, day: int, kind: str = "one_shot_farm") -> tuple[PlantedGroup, pa.Table]:
    accounts = [f"{name}{number}" for number in range(4)]
    group = PlantedGroup(
        name, kind, VerdictName.EXTERNAL, Subtype.SIGNAL, None, frozenset(accounts), {}
    )
    start_ns = START_NS // DAY_NS * DAY_NS + day * DAY_NS + DAY_NS // 2
    rows = [
        {
            "event_time_ns": start_ns + number,
            "account_id": account,
            "instrument_id": "ES",
            "side": "buy",
            "quantity": 1.0,
            "event_id": f"{name}-{number}",
        }
        for number, account in enumerate(accounts)
    ]
    return group, orders(rows)


def test_a_farm_is_looked_for_in_the_orders_of_its_first_day_only(tmp_path) -> None:
    early, early_orders = farm("early", 0)
    late, late_orders = farm("late", 2)
    other, other_orders = farm("other", 1, kind="internal_local")
    write_dataset(tmp_path, {"orders": pa.concat_tables([early_orders, other_orders, late_orders])})
    seen = []

    def detect(part: Dataset) -> tuple[FoundGroup, ...]:
        batches = part.order_batches(latest_time_ns=NOW_NS)
        accounts = np.unique(pa.Table.from_batches(list(batches))["account_id"].to_numpy())
        seen.append(accounts.size)
        return (FoundGroup(early.members, VerdictName.EXTERNAL),)

    results = find_on_first_day(
        Dataset.open(tmp_path),
        AnswerKey((early, late, other), {}),
        latest_time_ns=NOW_NS,
        detect=detect,
    )
    assert seen == [4, 12]
    assert [(farm.n_members, farm.is_found) for farm in results] == [(4, True), (4, False)]


def test_without_a_farm_no_day_is_scanned(tmp_path) -> None:
    write_dataset(tmp_path, {"orders": copied_market()})
    dataset = Dataset.open(tmp_path)
    assert find_on_first_day(dataset, KEY, latest_time_ns=NOW_NS, detect=lambda part: ()) == ()
