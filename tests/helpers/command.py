"""The `surveillance` command as users run it: in this process, or as a process of its own."""

import io
import os
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from sqlalchemy import create_engine, inspect, text

from surveillance.cli import main

ROOT = Path(__file__).parents[2]
NO_STORE = "sqlite:///must-not-be-used/store.db"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command answered."""

    status: int
    out: str
    err: str


def run(*arguments: object, environment: Mapping[str, str] | None = None) -> Outcome:
    """Run the command through its own `main`, with its own streams, in this process.

    An exception that `main` lets through is the traceback a user would see: it fails the test.
    """
    out, err = io.StringIO(), io.StringIO()
    status = 0
    with (
        mock.patch.object(sys, "argv", ["surveillance", *map(str, arguments)]),
        mock.patch.dict(os.environ, {"COLUMNS": "100", **(environment or {})}),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
    return Outcome(status, out.getvalue(), err.getvalue())


def own_process(*arguments: object) -> list[str]:
    """Return the command line that runs the command as a process of its own."""
    return [sys.executable, "-m", "surveillance", *map(str, arguments)]


def the_refusal(outcome: Outcome) -> str:
    """Return the one line on standard error of a refused command."""
    assert outcome.status == 1, outcome
    assert outcome.out == ""
    assert outcome.err.startswith("surveillance: ")
    assert outcome.err.endswith("\n")
    line = outcome.err[:-1]
    assert line.isprintable(), line
    assert "Traceback" not in line
    return line.removeprefix("surveillance: ")


def stored_runs(path: Path) -> list[str]:
    """Return the ids of the runs in a store, the oldest first; none where there is no store."""
    if not path.exists():
        return []
    engine = create_engine(f"sqlite:///{path}")
    try:
        with engine.connect() as connection:
            if not inspect(connection).has_table("runs"):
                return []
            rows = connection.execute(text("SELECT run_id FROM runs ORDER BY number"))
            return [row.run_id for row in rows]
    finally:
        engine.dispose()


def tree(directory: Path) -> dict[str, bytes]:
    """Return every file below a directory, hidden ones too, with its bytes."""
    return {
        str(path.relative_to(directory)): path.read_bytes() if path.is_file() else b"<directory>"
        for path in sorted(directory.rglob("*"))
    }
