"""docs/performance.md: each benchmark writes its own section and leaves the others as they are."""

from pathlib import Path

_TITLE = "# Performance\n"


def write_section(page: Path, name: str, text: str) -> None:
    """Replace the section between a benchmark's marks, or add it at the end.

    Parameters
    ----------
    page : Path
        The page; made where there is none.
    name : str
        Of the section.
    text : str
        What stands in it.
    """
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->\n"
    old = page.read_text(encoding="utf-8") if page.exists() else _TITLE
    before, found, rest = old.partition(begin)
    after = rest.partition(end)[2] if found else ""
    if not found:
        before = f"{old.rstrip()}\n\n"
    page.write_text(f"{before}{begin}\n{text.strip()}\n\n{end}{after}", encoding="utf-8")
