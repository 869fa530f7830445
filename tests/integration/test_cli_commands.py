"""The command line: what it prints where, which exit status it ends with."""

import json
import socket
from pathlib import Path

import pytest
from helpers.command import NO_STORE, run, the_refusal, tree
from helpers.copied_market import copied_market

from streams.files import Dataset, write_dataset
from surveillance import __version__

COMMANDS = ("scan", "serve", "demo", "simulate", "evaluate")


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("cli") / "market"
    write_dataset(directory, {"orders": copied_market()})
    return directory


def test_the_version_is_printed_alone() -> None:
    outcome = run("--version")
    assert (outcome.status, outcome.out, outcome.err) == (0, f"{__version__}\n", "")


def test_the_help_lists_every_command() -> None:
    outcome = run("--help")
    assert outcome.status == 0
    for command in COMMANDS:
        assert f" {command} " in outcome.out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_and_takes_a_store(command: str) -> None:
    outcome = run(command, "--help")
    assert (outcome.status, outcome.err) == (0, "")
    assert f"surveillance {command}" in outcome.out
    assert "--store" in outcome.out


@pytest.mark.parametrize(
    "arguments",
    [
        ("scan",),
        ("scan", "market"),
        ("scan", "market", "--out"),
        ("scam", "market"),
        ("--loud",),
        ("serve", "--port", "http"),
        ("demo", "--accounts", "3"),
        ("simulate", "out", "--days", "many"),
        ("evaluate",),
        ("evaluate", "market"),
        ("evaluate", "--held-out", "--scenario", "basic"),
        ("evaluate", "--held-out", "--real-data", "sets"),
        ("evaluate", "--scenario", "basic", "--baselines", "some"),
        ("evaluate", "--scenario", "basic", "--variant", "deep"),
        ("evaluate", "--scenario", "basic", "--copies-until-flag", "-1"),
    ],
)
def test_wrong_usage_ends_with_status_two(arguments: tuple[str, ...]) -> None:
    outcome = run(*arguments)
    assert (outcome.status, outcome.out) == (2, "")
    assert "Error" in outcome.err
    assert "Traceback" not in outcome.err


def test_no_command_at_all_shows_the_help() -> None:
    outcome = run()
    assert outcome.status == 2
    assert "scan" in outcome.out + outcome.err


# scan


def test_a_scan_prints_one_json_object(market: Path, tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 's.db'}"
    outcome = run("scan", market, "--out", tmp_path / "out", "--store", store, "--json")
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out.count("\n") == 1
    answer = json.loads(outcome.out)
    assert answer["out"] == str(tmp_path / "out")
    assert answer["counts"]["groups"] == 1
    assert answer["dataset"] == "market"
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text("utf-8"))
    assert (
        manifest.items()
        >= {k: v for k, v in answer.items() if k not in {"out", "verdicts", "groups"}}.items()
    )
    assert sum(answer["verdicts"].values()) == 1
    (listed,) = answer["groups"]
    (line,) = (tmp_path / "out" / "groups.jsonl").read_text("utf-8").splitlines()
    group = json.loads(line)
    assert {name: group[name] for name in ("group_id", "verdict", "subtype")}.items() <= (
        listed.items()
    )
    assert answer["verdicts"][group["verdict"]] == 1
    assert {"tolerated", "crossings", "bound", "within_bound"} <= answer["placebo"][0].keys()


def test_a_scan_prints_the_verdicts_and_is_silent_on_standard_error(
    market: Path, tmp_path: Path
) -> None:
    outcome = run(
        "scan", market, "--out", tmp_path / "out", "--store", f"sqlite:///{tmp_path / 's.db'}"
    )
    assert (outcome.status, outcome.err) == (0, "")
    assert "\x1b" not in outcome.out
    (group,) = (tmp_path / "out" / "groups.jsonl").read_text("utf-8").splitlines()
    assert json.loads(group)["group_id"] in outcome.out
    assert outcome.out.rstrip().endswith(f"Results: {tmp_path / 'out' / 'report.html'}")


def test_the_store_is_taken_from_the_environment_unless_given(market: Path, tmp_path: Path) -> None:
    places = [tmp_path / "environment.db", tmp_path / "given.db"]
    environment = {"SURVEILLANCE_STORE": f"sqlite:///{places[0]}"}
    out = ("--out", tmp_path / "out")
    assert run("scan", market, *out, environment=environment).status == 0
    assert [place.exists() for place in places] == [True, False]
    given = ("--store", f"sqlite:///{places[1]}")
    assert run("scan", market, *out, *given, environment=environment).status == 0
    assert places[1].exists()


# Settings


def test_bad_settings_are_reported_together() -> None:
    environment = {"SURVEILLANCE_PORT": "eighty", "SURVEILLANCE_HOST": "0.0.0.0"}
    refusal = the_refusal(run("serve", "--store", NO_STORE, environment=environment))
    assert "port" in refusal
    assert "'eighty'" in refusal
    assert "host" in refusal
    assert "'0.0.0.0'" in refusal


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "desk.example", ""])
def test_serving_beyond_this_machine_is_refused(tmp_path: Path, host: str) -> None:
    store = f"sqlite:///{tmp_path / 's.db'}"
    refusal = the_refusal(run("serve", "--store", store, "--host", host, "--port", "0"))
    assert "host: must be localhost or a loopback address" in refusal
    assert repr(host) in refusal


def test_a_port_in_use_is_refused(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 's.db'}"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refusal = the_refusal(run("serve", "--store", store, "--port", port))
    assert refusal.startswith(f"port {port} of 127.0.0.1 must be free: ")


def test_a_demo_refuses_a_port_in_use_before_its_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("surveillance.commands.serve.simulate_into", None)  # any work would fail
    store = f"sqlite:///{tmp_path / 's.db'}"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refusal = the_refusal(run("demo", "--store", store, "--port", port))
    assert refusal.startswith(f"port {port} of 127.0.0.1 must be free: ")


# simulate


def simulate(out: Path, *options: object):
    return run("simulate", out, "--accounts", 200, "--days", 1, *options)


def test_a_simulation_writes_the_key_beside_the_dataset(tmp_path: Path) -> None:
    outcome = simulate(tmp_path / "made" / "market", "--json")
    assert (outcome.status, outcome.err) == (0, "")
    answer = json.loads(outcome.out)
    key = tmp_path / "made" / "market.key.json"
    assert answer["key"] == str(key)
    Dataset.open(tmp_path / "made" / "market")
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == [
        "market",
        "market.key.json",
    ]
    content = json.loads(key.read_text("utf-8"))
    assert content.keys() == {"groups", "honest_kind"}
    planted = set(content["groups"][0])
    assert planted >= {"group_id", "kind", "verdict", "subtype", "leader_account_id", "members"}
    assert planted >= {"allocation_ratio", "inverse", "start_time_ns"}


def test_a_simulation_into_this_directory_keeps_the_key_out_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "market").mkdir()
    monkeypatch.chdir(tmp_path / "market")
    assert simulate(Path()).status == 0
    assert (tmp_path / "market.key.json").exists()
    assert not [p for p in (tmp_path / "market").iterdir() if "key" in p.name]


def test_a_simulation_gives_the_same_bytes_for_the_same_seed(tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert simulate(tmp_path / name, "--seed", 7).status == 0
    assert simulate(tmp_path / "c", "--seed", 8).status == 0
    assert tree(tmp_path / "a") == tree(tmp_path / "b") != tree(tmp_path / "c")
    assert (tmp_path / "a.key.json").read_bytes() == (tmp_path / "b.key.json").read_bytes()


def test_a_simulation_refuses_a_directory_with_content(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("keep")
    before = tree(tmp_path)
    outcome = simulate(tmp_path)
    assert (outcome.status, outcome.out) == (2, "")
    assert "is not empty" in " ".join(outcome.err.replace("│", " ").split())
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    "options",
    [
        ("--scenario", "paradise"),
        ("--accounts", "0"),
        ("--days", "0"),
        ("--seed", "-1"),
    ],
)
def test_an_impossible_simulation_is_refused(tmp_path: Path, options: tuple[str, ...]) -> None:
    outcome = simulate(tmp_path / "market", *options)
    assert (outcome.status, outcome.out) == (2, "")
    said = " ".join(outcome.err.replace("│", " ").split())
    assert f"Invalid value for {options[0]}: must be" in said
    assert options[1] in said
    assert tree(tmp_path) == {}


@pytest.mark.parametrize(
    "options", [("--scenario", "paradise"), ("--scenario", "basic", "--days", "0")]
)
def test_an_impossible_evaluation_is_wrong_usage(options: tuple[str, ...]) -> None:
    outcome = run("evaluate", *options)
    assert (outcome.status, outcome.out) == (2, "")
    assert f"Invalid value for {options[-2]}:" in outcome.err


def test_a_simulation_into_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    outcome = simulate(tmp_path / "file")
    assert outcome.status in (1, 2)
    assert "Traceback" not in outcome.err
    assert str(tmp_path / "file") in "".join(outcome.err.split())
    assert (tmp_path / "file").read_text() == "mine"
