"""docs/quality.md: what was measured, on what, and what stays unseen. Written by a command only.

The document is cut into sections between markers. A run replaces its own section and keeps the
others, so that one part can be measured again alone. The same results give the same text.
"""

import re
from pathlib import Path

from surveillance.errors import SurveillanceError
from surveillance.jobs.aims import judge_aims, judge_real_aims
from surveillance.jobs.evaluation import Environment, Evaluation
from surveillance.jobs.quality_figures import FIGURE_NAMES, QualityFigure, figures_of
from surveillance.jobs.quality_tables import (
    aim_table,
    calibration_table,
    first_flag_table,
    honest_table,
    kind_table,
    method_table,
    run_table,
    variant_table,
    verdict_table,
)
from surveillance.jobs.quality_text import BLIND_SPOTS, INTRODUCTION, SOURCES
from surveillance.jobs.real_data import RealDataReport
from surveillance.jobs.real_tables import group_table, peer_table, real_table
from surveillance.jobs.text_table import TextTable

FIGURES = "figures"
VARIANTS_SECTION = " variants"  # a space, which no slug holds
REAL_SECTION = "real-data"
_SECTION = re.compile(
    r"^<!-- section (?P<name>[^\n]+) -->\n(?P<text>.*?)^<!-- end -->\n", re.DOTALL | re.MULTILINE
)


def evaluation_tables(evaluation: Evaluation) -> tuple[TextTable, ...]:
    """Return the tables of an evaluation that hold a row, in reading order."""
    tables = (
        aim_table(judge_aims(evaluation)),
        kind_table(evaluation),
        verdict_table(evaluation),
        method_table(evaluation),
        honest_table(evaluation),
        first_flag_table(evaluation),
        calibration_table(evaluation),
        variant_table(evaluation),
        run_table(evaluation),
    )
    return tuple(table for table in tables if table.rows)


def real_data_tables(report: RealDataReport) -> tuple[TextTable, ...]:
    """Return the tables of the real sets that hold a row, in reading order."""
    tables = (
        aim_table(judge_real_aims(report)),
        real_table(report),
        group_table(report.planted.scan),
        group_table(report.posts_de),
        group_table(report.posts_ru),
        peer_table(report),
    )
    return tuple(table for table in tables if table.rows)


def report_tables(report: Evaluation | RealDataReport) -> tuple[TextTable, ...]:
    """Return the tables of either kind of report."""
    if isinstance(report, Evaluation):
        return evaluation_tables(report)
    return real_data_tables(report)


def write_quality(path: Path, report: Evaluation | RealDataReport, *, command: str) -> None:
    """Write a report's section into the document and keep its other sections.

    Figures go into a directory `figures` beside it; those of the section's earlier run go. A run
    with variants has a section of its own, so that it may be over fewer markets.

    Parameters
    ----------
    path : Path
        The document; made if absent.
    report : Evaluation or RealDataReport
        Replaces the section of the same scenario or dataset, or that of the real sets.
    command : str
        What was typed.

    Raises
    ------
    SurveillanceError
        If the document cannot be read or written.
    """
    try:
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        sections = {found["name"]: found["text"] for found in _SECTION.finditer(old)}
        if isinstance(report, Evaluation):
            slug = _slug(report.name)
            if report.variants:
                sections[f"{slug}{VARIANTS_SECTION}"] = _variants_text(report, command)
            else:
                figures = figures_of(report)
                _write_figures(path.parent / FIGURES, slug, figures)
                sections[slug] = _evaluation_text(report, command, figures)
        else:
            sections[REAL_SECTION] = _real_text(report, command)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_document(sections), encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SurveillanceError(f"{path} could not be written: {error}") from error


def _write_figures(directory: Path, slug: str, figures: tuple[QualityFigure, ...]) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for name in FIGURE_NAMES:
        (directory / f"{slug}-{name}.svg").unlink(missing_ok=True)
    for figure in figures:
        (directory / f"{slug}-{figure.name}.svg").write_text(figure.svg, encoding="utf-8")


def _slug(name: str) -> str:
    """Return a name that cannot end a marker: a dataset is named by strangers."""
    return re.sub(r"[^\w.]+", "-", name)


def _document(sections: dict[str, str]) -> str:
    """Put the sections between the fixed texts: markets by name, then the real sets."""
    names = sorted(sections, key=lambda name: (name == REAL_SECTION, name))
    cut = [f"<!-- section {name} -->\n{sections[name]}<!-- end -->\n" for name in names]
    return "\n".join([INTRODUCTION, *cut, BLIND_SPOTS])


def _evaluation_text(
    evaluation: Evaluation, command: str, figures: tuple[QualityFigure, ...]
) -> str:
    slug = _slug(evaluation.name)
    classifier = "" if evaluation.calibration else " No fitted classifier: verdicts by the rules."
    parts = [
        f"## {slug}",
        f"Run on {evaluation.what}.{classifier}",
        _how(command, evaluation.environment, evaluation.parameters_hash),
        *_tables(evaluation_tables(evaluation)),
        *(f"![{figure.summary}]({FIGURES}/{slug}-{figure.name}.svg)" for figure in figures),
    ]
    return "\n\n".join(parts) + "\n"


def _variants_text(evaluation: Evaluation, command: str) -> str:
    parts = [
        f"## {_slug(evaluation.name)}, variants of the method",
        f"Run on {evaluation.what}. Each variant differs from the method in one thing; where its "
        "placebo exceeded the bound, its threshold rose as it would in a scan.",
        _how(command, evaluation.environment, evaluation.parameters_hash),
        *_tables((variant_table(evaluation),)),
    ]
    return "\n\n".join(parts) + "\n"


def _real_text(report: RealDataReport, command: str) -> str:
    planted, peer = report.planted, report.peer
    plan = planted.plan
    failures = report.failures()
    met = "All of it is met." if not failures else f"Not met: {'; '.join(failures)}."
    parts = [
        "## Real data",
        SOURCES,
        _how(command, report.environment, report.parameters_hash),
        f"Wanted: no pair and no group among the researchers, who each trade alone; one EXTERNAL "
        f"group with its leader where copiers were planted; the placebo inside its bound. {met}",
        f"Planted: {plan.n_copiers} new accounts repeat {plan.share:.0%} of the "
        f"{planted.n_leader_orders} orders of the most active trader, `{planted.leader}`, each "
        f"after {plan.shortest_lag_s} to {plan.longest_lag_s} s drawn anew, in sizes of "
        f"{min(plan.ratios):g} to {max(plan.ratios):g} times the trader's, with no accounts table. "
        f"Found: {planted.n_copiers_found} of them, {planted.n_strangers_found} other accounts, "
        f"the ratio right for {planted.n_ratios_right}.",
        f"The peer's rule: the same object within {peer.window_s} s; an account needs at least "
        f"{peer.min_participation} such actions. Both name {peer.shared_accounts} accounts and "
        f"{peer.shared_pairs} pairs in common.",
        *_tables(real_data_tables(report)),
    ]
    return "\n\n".join(parts) + "\n"


def _how(command: str, environment: Environment, parameters_hash: str) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in environment.versions.items())
    return (
        f"Command: `{command}`. Machine: {environment.cores} cores, {environment.machine}, "
        f"Python {environment.python}, {versions}. Parameters: `{parameters_hash[:12]}`."
    )


def _tables(tables: tuple[TextTable, ...]) -> list[str]:
    return [f"**{table.title}**\n\n{table.to_markdown()}" for table in tables]
