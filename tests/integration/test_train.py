"""`surveillance train`: what it learns from, what it refuses, and that it can be repeated."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.command import Outcome, run, the_refusal
from helpers.findings import build_findings

from models.artifact import read_artifact
from models.classifier import CLASSES
from models.group_row import FEATURE_NAMES
from models.params import DetectionParams
from surveillance.findings import RunFindings, VerdictName
from surveillance.fitted import SHIPPED, load_classifier
from surveillance.jobs.dispositions import read_dispositions
from surveillance.jobs.measuring import MarketPlan
from surveillance.jobs.training import SCENARIOS, TrainingPlan, train
from surveillance.jobs.training_rows import THINNED, rows_of_market
from surveillance.store import Store

TINY = ("--scenario", "full", "--markets", 5, "--accounts", 600, "--days", 1, "--jobs", 1)


def fit(home: Path, *arguments: object) -> Outcome:
    return run("train", "--out", home / "fitted.json", *TINY, *arguments)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("train")
    outcome = fit(home, "--json")
    assert outcome.status == 0, outcome
    (home / "said.json").write_text(outcome.out, "utf-8")
    with Store.open(f"sqlite:///{home / 'store.db'}") as store:
        store.record_run(with_features(build_findings(hostile=False)))
    return home


def with_features(findings: RunFindings) -> RunFindings:
    """Return a run whose groups have features, but for the last; one feature is of the past."""
    row = dict.fromkeys(FEATURE_NAMES, 0.5) | {"of_the_past": 1.0, "fidelity": None}
    groups = [
        replace(found, group=replace(found.group, features=row)) for found in findings.groups[:-1]
    ]
    return replace(findings, groups=(*groups, findings.groups[-1]))


def test_what_was_fitted_says_where_it_comes_from(home: Path) -> None:
    said = json.loads((home / "said.json").read_text("utf-8"))
    fitted = read_artifact((home / "fitted.json").read_text("utf-8"))
    assert said["seeds"] == [5001, 5002, 5003, 5004, 5005] == list(fitted.manifest.seeds)
    assert said["parameters_hash"] == DetectionParams().content_hash()
    assert said["n_rows"] == said["n_groups"] * (1 + len(THINNED)) > 0
    assert fitted.classifier.feature_names == FEATURE_NAMES
    assert sorted(path.name for path in home.iterdir()) == ["fitted.json", "said.json", "store.db"]


def test_training_again_gives_the_same_bytes_in_any_number_of_processes(home: Path) -> None:
    again = home / "again.json"
    outcome = run("train", "--out", again, *TINY[:-1], 2)
    assert outcome.status == 0, outcome
    assert "calibration error" in outcome.out
    assert again.read_bytes() == (home / "fitted.json").read_bytes()
    again.unlink()


def test_a_scan_uses_the_classifier_it_is_given(home: Path, tmp_path: Path) -> None:
    assert run("simulate", tmp_path / "market", "--accounts", 300, "--days", 1).status == 0
    scan = ("scan", tmp_path / "market", "--store", f"sqlite:///{tmp_path / 's.db'}")
    shipped = run(*scan, "--out", tmp_path / "a", "--json")
    own = run(*scan, "--out", tmp_path / "b", "--json", "--classifier", home / "fitted.json")
    hashes = [json.loads(outcome.out)["classifier_hash"] for outcome in (shipped, own)]
    assert hashes[0] == load_classifier().content_hash
    assert hashes[1] == load_classifier(home / "fitted.json").content_hash
    groups = [
        (tmp_path / out / "groups.jsonl").read_text("utf-8").splitlines() for out in ("a", "b")
    ]
    probabilities = [[json.loads(line)["probability"] for line in lines] for lines in groups]
    assert all(sum(p.values()) == pytest.approx(1.0) for found in probabilities for p in found)
    assert probabilities[0] != probabilities[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--scenario", "held-out"), "must not be held out from fitting, was 'held-out'"),
        (("--first-seed", 101), "first_seed must be at least 5001"),
        (("--markets", 2), "markets must be at least 5 in all, were 2"),
        (("--scenario", "nothing"), "at least 5 origins, were of 0"),
        (("--out", "nowhere/fitted.json"), "must lie in a directory that exists"),
        (("--out", "."), "out must be a file"),
    ],
)
def test_what_must_not_or_cannot_be_learned_from_is_refused(
    arguments: tuple[object, ...], said: str, tmp_path: Path
) -> None:
    typed = [*TINY, *arguments]
    if "--scenario" in arguments:
        typed = typed[2:]
    outcome = run("train", "--out", tmp_path / "never.json", *typed)
    assert said in the_refusal(outcome)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("typed", [("--scenario", "moon"), ("--days", 0), ("--markets", 0)])
def test_a_market_that_cannot_be_simulated_is_wrong_usage(typed: tuple[object, ...]) -> None:
    outcome = run("train", *typed)
    assert outcome.status == 2
    assert str(typed[0]) in outcome.err


@pytest.mark.parametrize("text", [None, "{}", '{"format": 9}'])
def test_a_scan_refuses_what_is_no_classifier(text: str | None, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    if text is not None:
        path.write_text(text, "utf-8")
    arguments = ("scan", tmp_path, "--out", tmp_path / "out", "--classifier", path)
    refusal = the_refusal(run(*arguments, "--store", f"sqlite:///{tmp_path / 's.db'}"))
    assert refusal.startswith(f"classifier {path}: ")


# Dispositions


def test_dispositions_become_rows_of_the_stored_features(home: Path, tmp_path: Path) -> None:
    lines = [
        {"group_id": "g-0000", "disposition": "substantiated", "rationale": "ignored"},
        {"group_id": "g-0001", "disposition": "authorized"},
        {"group_id": "g-0002", "disposition": "coincidence"},
        {"group_id": "g-0003", "disposition": "inconclusive"},
    ]
    path = tmp_path / "said.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)) + "\n\n", "utf-8")
    table = tmp_path / "said.csv"
    table.write_text(
        "group_id,disposition\n"
        + "".join(f"{line['group_id']},{line['disposition']}\n" for line in lines),
        "utf-8",
    )
    with Store.open(f"sqlite:///{home / 'store.db'}") as store:
        rows = read_dispositions(path, store, weight=3.0)
        assert read_dispositions(table, store, weight=3.0) == rows
    assert [row.verdict for row in rows] == [
        VerdictName.EXTERNAL,
        VerdictName.INTERNAL,
        VerdictName.INDEPENDENT,
    ]
    assert {row.weight for row in rows} == {3.0}
    assert set(rows[0].features) == set(FEATURE_NAMES)


def test_dispositions_change_what_is_fitted(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "said.jsonl"
    path.write_text('{"group_id": "g-0000", "disposition": "substantiated"}\n', "utf-8")
    store = f"sqlite:///{home / 'store.db'}"
    outcome = fit(tmp_path, "--dispositions", path, "--store", store, "--json")
    assert json.loads(outcome.out)["n_dispositions"] == 1
    assert (tmp_path / "fitted.json").read_bytes() != (home / "fitted.json").read_bytes()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "could not be read"),
        ("{", "row 1: must be JSON"),
        ("[1]", "row 1: must be one JSON object"),
        ('{"group_id": "g-0000"}', "row 1, column disposition: must be a text"),
        ('{"group_id": 7, "disposition": "authorized"}', "column group_id: must be a text"),
        ('{"group_id": "g-0000", "disposition": "guilty"}', "must be one of substantiated, "),
        ('{"group_id": "g-9", "disposition": "authorized"}', "a group that the store holds"),
        ('{"group_id": "g-0011", "disposition": "authorized"}', "stored with features"),
        ('{"group_id": "g-0000", "disposition": "inconclusive"}\n' * 2, "row 2, column group_id"),
    ],
)
def test_dispositions_that_say_nothing_clear_are_refused(
    home: Path, tmp_path: Path, text: str | None, said: str
) -> None:
    path = tmp_path / "said.jsonl"
    if text is not None:
        path.write_text(text, "utf-8")
    store = f"sqlite:///{home / 'store.db'}"
    refusal = the_refusal(fit(tmp_path, "--dispositions", path, "--store", store))
    assert said in refusal
    assert "said.jsonl" in refusal


# Rows and the shipped classifier


def test_rows_hold_features_alone_and_fewer_records_know_less() -> None:
    rows = rows_of_market(MarketPlan("full", 5001, 600, 1), DetectionParams())
    n = len(rows) // (1 + len(THINNED))
    whole, nothing = rows[:n], rows[-n:]
    assert all(row.is_whole and row.weight == 1.0 for row in whole)
    assert not any(row.is_whole for row in rows[n:])
    assert {row.verdict.value for row in rows} <= set(CLASSES)
    assert all(tuple(row.features) == FEATURE_NAMES for row in rows)
    assert any(row.features["known_owner_share"] for row in whole)
    for row in nothing:
        assert row.features["known_owner_share"] == row.features["seen_share"] == 0.0
        assert row.features["is_declared"] == row.features["home_share"] == 0.0
    timing = ("lag_median_ms", "fidelity", "members", "burst_share")
    for full, bare in zip(whole, nothing, strict=True):
        assert [full.features[name] for name in timing] == [bare.features[name] for name in timing]


def test_the_shipped_classifier_is_of_this_version_and_honest_about_itself() -> None:
    shipped = load_classifier()
    assert SHIPPED.endswith(".json")
    assert set(shipped.manifest.scenarios) == set(SCENARIOS)
    assert min(shipped.manifest.seeds) >= 5001
    assert shipped.manifest.calibration_error <= 0.03
    assert shipped.manifest.coverage >= 1 - shipped.manifest.miss_share


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_one_command_rebuilds_the_shipped_classifier() -> None:
    shipped = load_classifier()
    rebuilt = read_artifact(train(TrainingPlan(), n_jobs=2).text)
    assert rebuilt.manifest.parameters_hash == shipped.manifest.parameters_hash
    rows = np.random.default_rng(0).normal(size=(1000, len(FEATURE_NAMES)))
    rows[rows > 1.5] = np.nan
    np.testing.assert_allclose(
        rebuilt.classifier.probabilities(rows), shipped.classifier.probabilities(rows), atol=1e-9
    )
