"""What chance allows, in words: for the run first, and nothing where nothing was compared."""

from dataclasses import replace

from helpers.findings import START_NS, build_findings, build_placebo

from surveillance.chance import (
    PlaceboState,
    false_pairs_in_run,
    placebo_state,
    placebo_words,
    run_chance_words,
)

RUN = build_findings(n_groups=0).manifest
ALONE = replace(RUN, counts={**RUN.counts, "accounts": 1})
DAY_NS = 86_400_000_000_000


def test_chance_a_year_is_turned_back_into_what_this_run_tolerates() -> None:
    run = replace(RUN, chance_groups_per_year=0.05 * 365.25 / 3, last_time_ns=START_NS + 3 * DAY_NS)
    assert false_pairs_in_run(run) == 0.05
    assert run_chance_words(run) == (
        "at most 0.05 false pairs expected in this run, 6.1 in a year of such runs"
    )


def test_a_run_shorter_than_a_day_counts_as_one() -> None:
    run = replace(RUN, chance_groups_per_year=0.05 * 365.25, last_time_ns=START_NS)
    assert false_pairs_in_run(run) == 0.05


def test_one_account_is_nothing_to_compare() -> None:
    assert placebo_state(ALONE, build_placebo()) is PlaceboState.NOTHING_TO_COMPARE
    assert placebo_words(ALONE, ()) == "1 account: nothing to compare."
    assert run_chance_words(ALONE) == "nothing to compare"


def test_a_placebo_without_a_shift_that_fits_claims_nothing() -> None:
    unfit = tuple(replace(finding, by_shift={}) for finding in build_placebo())
    assert placebo_state(RUN, unfit) is placebo_state(RUN, ()) is PlaceboState.NOT_RUN
    assert "bound" not in placebo_words(RUN, unfit)


def test_a_measured_placebo_is_within_or_above() -> None:
    above = tuple(replace(finding, within_bound=False) for finding in build_placebo())
    assert placebo_state(RUN, build_placebo()) is PlaceboState.WITHIN
    assert placebo_state(RUN, above) is PlaceboState.ABOVE
