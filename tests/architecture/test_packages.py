"""The rules of the house that a program can check, over the three packages and the whole tree."""

import ast
import doctest
import importlib
import pkgutil
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from importlib.resources import files
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("surveillance", "streams", "models")
MOST_LINES = 400
# One compiled loop and its parts: Numba's cache does not see changes in another file.
LONG_FOR_A_REASON = {"models/kernels/ranktest.py"}
NAMES_OF_NOTHING = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "base"}
SCRIPTS = "surveillance.store.migrations"  # run by Alembic, not imported
TEXT_ENDINGS = {
    ".py",
    ".md",
    ".toml",
    ".txt",
    ".html",
    ".css",
    ".js",
    ".json",
    ".yml",
    ".yaml",
    ".mako",
    ".svg",
    ".sh",
    "",
}
OUTSIDE_THE_TREE = {"__pycache__", "build", "dist"}
# A home directory or a scratch directory of one machine, written so that this file holds none.
LOCAL_PATH = re.compile("/(?:" + "|".join(["work", "home/[a-z]", "root", "Users/[A-Za-z]"]) + ")/")


def modules() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def texts() -> Iterator[Path]:
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        is_ours = parts[0] == ".ci" or not any(
            part in OUTSIDE_THE_TREE or part.endswith(".egg-info") or part.startswith(".")
            for part in parts[:-1]
        )
        if is_ours and path.is_file() and path.suffix in TEXT_ENDINGS:
            yield path


def test_the_import_contracts_hold() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 broken" in done.stdout


def test_every_contract_inside_a_package_is_exhaustive() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    inside = [contract for contract in settings["contracts"] if "containers" in contract]
    assert {name for contract in inside for name in contract["containers"]} >= set(PACKAGES)
    assert all(contract["exhaustive"] is True for contract in inside)


def test_no_module_is_too_long_to_read() -> None:
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in modules()}
    assert lengths
    too_long = {path for path, n in lengths.items() if n > MOST_LINES}
    assert {str(path.relative_to(ROOT)) for path in too_long} <= LONG_FOR_A_REASON


def test_no_module_is_named_after_nothing() -> None:
    names = {path: {*path.relative_to(ROOT).parts[:-1], path.stem} for path in modules()}
    assert {path for path, parts in names.items() if parts & NAMES_OF_NOTHING} == set()


def test_tests_hold_no_package_that_would_hide_ours() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == []


def test_test_files_have_names_of_their_own() -> None:
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("package", PACKAGES)
def test_everything_public_says_what_it_does(package: str) -> None:
    silent = []
    for path in sorted((ROOT / package).rglob("*.py")):
        if "migrations" in path.parts:
            continue
        tree = ast.parse(path.read_text("utf-8"))
        if not ast.get_docstring(tree):
            silent.append(f"{path}: the module")
        silent += [f"{path}: {name}" for name in undocumented(tree)]
    assert silent == []


def undocumented(parent: ast.Module | ast.ClassDef) -> Iterator[str]:
    """Yield the public functions, classes and methods without a docstring."""
    for node in parent.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if node.name.startswith("_"):
            continue
        if not ast.get_docstring(node):
            yield node.name
        if isinstance(node, ast.ClassDef):
            yield from (f"{node.name}.{name}" for name in undocumented(node))


def test_the_tree_names_no_place_of_one_machine() -> None:
    found = {}
    for path in texts():
        text = path.read_text("utf-8", errors="replace")
        if hits := LOCAL_PATH.findall(text):
            found[str(path.relative_to(ROOT))] = hits
    assert found == {}


def test_only_the_clock_reads_the_time() -> None:
    reading = re.compile(
        r"\btime\.(time|time_ns|monotonic|monotonic_ns|perf_counter)\(|\b(?:now|utcnow|today)\(\)"
    )
    readers = {
        str(path.relative_to(ROOT)) for path in modules() if reading.search(path.read_text("utf-8"))
    }
    assert readers == {"surveillance/clock.py", "streams/kafka/deadline.py"}


# What is installed


def names_of(package: str) -> list[str]:
    root = importlib.import_module(package)
    found = pkgutil.walk_packages(root.__path__, f"{package}.", onerror=lambda name: None)
    return [package, *(m.name for m in found if not m.name.startswith(SCRIPTS))]


@pytest.mark.parametrize("package", PACKAGES)
def test_the_examples_in_docstrings_run(package: str) -> None:
    n_tried = 0
    for name in names_of(package):
        if name.endswith("__main__"):
            continue
        result = doctest.testmod(importlib.import_module(name))
        assert result.failed == 0, name
        n_tried += result.attempted
    assert n_tried > 0 or package == "models"


@pytest.mark.parametrize(
    ("package", "place"),
    [
        ("surveillance.web", "templates/report.html"),
        ("surveillance.web", "templates/groups.html"),
        ("surveillance.web", "static/desk.css"),
        ("surveillance.web", "static/desk.js"),
        ("surveillance.web", "static/fonts/inter-latin-wght-normal.woff2"),
        ("models", "artifacts/verdict.json"),
        ("surveillance.store", "migrations/env.py"),
        ("surveillance.store", "migrations/versions/0001_findings.py"),
    ],
)
def test_what_is_not_code_is_found_through_the_package(package: str, place: str) -> None:
    assert files(package).joinpath(place).read_bytes()


def test_the_wheel_takes_whole_packages_and_nothing_in_them_is_ignored() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]
    assert wheel == {"targets": {"wheel": {"packages": list(PACKAGES)}}}
    # The builder leaves out what version control ignores.
    lines = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    patterns = [line.strip("/") for line in lines if line.strip() and not line.startswith("#")]
    ours = [
        path.relative_to(ROOT)
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]
    ignored = {
        str(path)
        for path in ours
        for pattern in patterns
        if fnmatch(str(path), pattern) or any(fnmatch(part, pattern) for part in path.parts)
    }
    assert ignored == set()


def test_the_console_script_and_the_module_are_the_same_program() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["scripts"] == {"surveillance": "surveillance.cli:main"}
    text = (ROOT / "surveillance" / "__main__.py").read_text("utf-8")
    assert "from surveillance.cli import main" in text
    assert importlib.import_module("surveillance").__version__ == project["version"]
