"""docs/copier.md: every feature of the table names a test that exists."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_feature_names_a_test_that_exists() -> None:
    text = (ROOT / "docs" / "copier.md").read_text()
    _, _, table = text.partition("| feature |")
    rows = [line for line in table.splitlines()[2:] if line.startswith("|")]
    named = [re.findall(r"`(test_\w+)`", row.split("|")[-2]) for row in rows]
    assert len(rows) >= 20
    assert all(named), [row for row, tests in zip(rows, named, strict=True) if not tests]
    sources = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    defined = set(re.findall(r"^def (test_\w+)\(", sources, re.MULTILINE))
    assert {test for tests in named for test in tests} <= defined
