"""coordination-network-toolkit itself, as its users run it: its command over an SQLite file.

Graham & QUT Digital Observatory, coordination-network-toolkit (PyPI): a co-retweet network links
two accounts that repost one post within `time_window` seconds, at least `min_edge_weight` times.
The post here is (instrument, side), window and weight are its own defaults.
"""

import csv
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import networkx as nx

from models.params import SECOND_NS
from surveillance.jobs.actions import Actions
from surveillance.jobs.baselines.pairs import AccountGroups

PACKAGE = "coordination_network_toolkit"
_HEADER = (
    "message_id",
    "user_id",
    "username",
    "repost_id",
    "reply_id",
    "message",
    "timestamp",
    "urls",
)


class ToolkitMissingError(Exception):
    """The package is not installed: it is part of the development environment only."""


@dataclass(frozen=True, slots=True)
class ToolkitRule:
    """The toolkit's own defaults."""

    time_window_s: int = 1
    min_edge_weight: int = 2


def find_groups(actions: Actions, rule: ToolkitRule | None = None) -> AccountGroups:
    """Return the connected components of the toolkit's co-retweet network.

    Parameters
    ----------
    actions : Actions
        Orders of the dataset.
    rule : ToolkitRule, optional
        Options of its command.

    Raises
    ------
    ToolkitMissingError
        If the package is not installed.
    MemoryError
        If its processes ran out of memory.
    """
    if find_spec(PACKAGE) is None:
        raise ToolkitMissingError
    rule = rule or ToolkitRule()
    with tempfile.TemporaryDirectory(prefix="toolkit-") as directory:
        posts, database = Path(directory) / "posts.csv", Path(directory) / "network.db"
        _write_posts(posts, actions)
        _run(database, "preprocess", str(posts))
        _run(
            database,
            "compute",
            "co_retweet",
            f"--time_window={rule.time_window_s}",
            f"--min_edge_weight={rule.min_edge_weight}",
            "--n_cpus=1",
        )
        with closing(sqlite3.connect(database)) as connection:
            edges = connection.execute(
                "select user_1, user_2 from co_retweet_network where user_1 <> user_2"
            ).fetchall()
    graph = nx.Graph((int(one), int(other)) for one, other in edges)
    return tuple(sorted(tuple(sorted(part)) for part in nx.connected_components(graph)))


def _write_posts(path: Path, actions: Actions) -> None:
    columns = (actions.account, actions.instrument_side, actions.time_ns / SECOND_NS)
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(_HEADER)
        for number, (account, key, second) in enumerate(
            zip(*(column.tolist() for column in columns), strict=True)
        ):
            rows.writerow((number, account, account, f"key-{key}", "", "", repr(second), ""))


def _run(database: Path, *arguments: str) -> None:
    done = subprocess.run(  # noqa: S603 - our own interpreter, arguments from code
        [sys.executable, "-m", PACKAGE, str(database), *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        if "MemoryError" in done.stderr:
            raise MemoryError
        raise RuntimeError(f"{PACKAGE} {arguments[0]} failed: {done.stderr.strip()[-300:]}")
