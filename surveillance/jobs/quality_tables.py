"""The numbers of an evaluation as tables of text: kinds, verdicts, methods, variants, aims."""

from collections.abc import Sequence

from surveillance.findings import PlaceboFinding, VerdictName
from surveillance.jobs.aims import AimReached
from surveillance.jobs.baselines.registry import BASELINES
from surveillance.jobs.evaluation import Evaluation
from surveillance.jobs.first_flags import median_copies
from surveillance.jobs.measuring import DETECTOR
from surveillance.jobs.scoring import MISSED
from surveillance.jobs.summing import HonestRate, KindScore, MethodScore
from surveillance.jobs.text_table import TextTable, percent, placebo_cells, placebo_header

NO_FIGURE = "-"
METHOD_NAMES = {DETECTOR: "detector", **{b.name: b.shown for b in BASELINES}}


def kind_table(evaluation: Evaluation) -> TextTable:
    """Return one row a planted kind: what the detector made of it."""
    detector = evaluation.methods[0]
    kinds = [*detector.kinds, detector.total] if detector.kinds else []
    return TextTable(
        "Planted groups, by kind",
        (
            "kind",
            "planted",
            "found",
            "half found",
            "member recall",
            "member precision",
            "leader right",
            "source off venue",
            "verdict right",
            "subtype right",
            "ratio within 15%",
            "fragments",
            "members in any part",
            "merged",
        ),
        tuple(_kind_row(kind) for kind in kinds),
    )


def method_table(evaluation: Evaluation) -> TextTable:
    """Return one row a method: the detector and the baselines on the same orders."""
    header = (
        "method",
        "planted groups found",
        "member recall",
        "member precision",
        "verdict right",
        "groups shown",
        "extra",
        "merged",
        "honest in EXTERNAL",
        "honest in INTERNAL",
        "honest in any group",
        "honest flagged",
    )
    return TextTable(
        "The detector and the baselines; honest accounts as number and, per 1,000 account-days, "
        "rate (at most)",
        header,
        tuple(_method_row(method, len(header)) for method in evaluation.methods),
    )


def _method_row(method: MethodScore, n_columns: int) -> tuple[str, ...]:
    name = METHOD_NAMES[method.method]
    n_all = method.n_runs + sum(method.unfinished.values())
    reasons = "; ".join(f"{why} on {n} of {n_all}" for why, n in method.unfinished.items())
    if reasons:
        name = f"{name}: {reasons}"
    if method.n_runs == 0:
        return (name, *[NO_FIGURE] * (n_columns - 1))
    total = method.total
    return (
        name,
        f"{total.n_found} of {total.n_groups}",
        percent(total.n_shared_members, total.n_planted_members),
        percent(total.n_shared_members, total.n_matched_members),
        f"{total.n_verdict_right} of {total.n_groups}",
        str(method.n_groups),
        str(method.n_extra),
        str(method.n_merged),
        _rate(method.external),
        _rate(method.internal),
        f"{method.n_honest_in_any} of {method.n_honest:,}",
        _rate(method.flagged),
    )


def variant_table(evaluation: Evaluation) -> TextTable:
    """Return one row a variant of the method, the method as it is first."""
    rows = [
        _variant_row(
            "as it is",
            evaluation.methods[0],
            [run.raised_log10_e for run in evaluation.runs],
            [run.placebo for run in evaluation.runs],
        ),
        *(_variant_row(v.name, v.score, v.raised_log10_e, v.placebo) for v in evaluation.variants),
    ]
    return TextTable(
        "Variants of the method; placebo crossings and bounds added over the runs",
        (
            "variant",
            "planted groups found",
            "member recall",
            "member precision",
            "verdict right",
            "leader right",
            "honest in EXTERNAL",
            "honest in INTERNAL",
            "honest in any group",
            "threshold raised",
            *placebo_header(run.placebo for run in evaluation.runs),
        ),
        tuple(rows) if evaluation.variants else (),
    )


def _variant_row(
    name: str,
    method: MethodScore,
    raised: Sequence[float],
    placebo: Sequence[tuple[PlaceboFinding, ...]],
) -> tuple[str, ...]:
    total = method.total
    levels = zip(*placebo, strict=True)
    return (
        name,
        f"{total.n_found} of {total.n_groups}",
        percent(total.n_shared_members, total.n_planted_members),
        percent(total.n_shared_members, total.n_matched_members),
        f"{total.n_verdict_right} of {total.n_groups}",
        f"{total.n_leader_right} of {total.n_on_venue}",
        str(method.external.n),
        str(method.internal.n),
        str(method.n_honest_in_any),
        " ".join(f"{step:g}" for step in sorted(set(raised))),
        *(f"{sum(c.crossings for c in at)} / {sum(c.bound for c in at)}" for at in levels),
    )


def verdict_table(evaluation: Evaluation) -> TextTable:
    """Return the detector's verdicts against the right ones, then by planted kind."""
    given = [*(verdict.value for verdict in VerdictName), MISSED]
    detector = evaluation.methods[0]
    rows = [*detector.verdicts.items(), *detector.verdicts_by_kind.items()]
    return TextTable(
        "Verdicts of the detector on planted groups, by right verdict and by kind",
        ("right verdict or kind", *given),
        tuple((wanted, *(str(row.get(name, 0)) for name in given)) for wanted, row in rows),
    )


def first_flag_table(evaluation: Evaluation) -> TextTable:
    """Return one row a kind: copies until a follower was first flagged."""
    kinds = sorted({flag.kind for flag in evaluation.first_flags})
    rows = []
    for kind in kinds:
        flags = [flag for flag in evaluation.first_flags if flag.kind == kind]
        rows.append(
            (
                kind,
                str(len(flags)),
                *_median_cells([flag.until_provisional for flag in flags]),
                *_median_cells([flag.until_confirmed for flag in flags]),
                f"{median_copies([flag.n_copies for flag in flags]) or 0:g}",
            )
        )
    return TextTable(
        "Copies until a follower's first flag, median over followers",
        (
            "kind",
            "followers",
            "until provisional",
            "never",
            "until confirmed",
            "never",
            "copies in all",
        ),
        tuple(rows),
    )


def calibration_table(evaluation: Evaluation) -> TextTable:
    """Return one row a tenth of probability: how probable, how often right."""
    bins = evaluation.calibration.bins if evaluation.calibration else ()
    return TextTable(
        "Calibration of the verdict's largest probability",
        ("probability", "groups", "mean probability", "right"),
        tuple(
            (
                f"{b.low:.1f} to {b.high:.1f}",
                str(b.n),
                f"{b.mean_probability:.3f}",
                f"{b.share_right:.3f}",
            )
            for b in bins
        ),
    )


def aim_table(aims: Sequence[AimReached]) -> TextTable:
    """Return one row an aim beside what was reached."""
    said = {True: "yes", False: "no", None: "open"}
    return TextTable(
        "Aims and what was reached",
        ("measure", "aim", "reached", "met"),
        tuple((row.measure, row.aim, row.reached.text, said[row.reached.is_met]) for row in aims),
    )


def honest_table(evaluation: Evaluation) -> TextTable:
    """Return honest accounts in groups, by method, verdict and honest kind; empty rows left out."""
    rows = [
        (
            METHOD_NAMES[method.method],
            verdict,
            ", ".join(f"{kind} {n}" for kind, n in kinds.items()),
            str(sum(kinds.values())),
        )
        for method in evaluation.methods
        for verdict, kinds in method.honest_in.items()
        if kinds
    ]
    return TextTable(
        "Honest accounts that ended up in a group",
        ("method", "verdict", "kinds", "accounts"),
        tuple(rows),
    )


def run_table(evaluation: Evaluation) -> TextTable:
    """Return one row a run: its size, and the placebo's crossings against their bound."""
    return TextTable(
        "Runs; placebo as crossings / bound at each tolerated number of false pairs v",
        (
            "run",
            "orders",
            "accounts",
            "planted",
            "groups shown",
            "threshold raised",
            *placebo_header(run.placebo for run in evaluation.runs),
        ),
        tuple(
            (
                run.name,
                f"{run.n_orders:,}",
                f"{run.n_accounts:,}",
                str(run.n_planted),
                str(run.n_groups),
                f"{run.raised_log10_e:g}",
                *placebo_cells(run.placebo),
            )
            for run in evaluation.runs
        ),
    )


def _kind_row(kind: KindScore) -> tuple[str, ...]:
    return (
        kind.kind,
        str(kind.n_groups),
        str(kind.n_found),
        str(kind.n_half_found),
        percent(kind.n_shared_members, kind.n_planted_members),
        percent(kind.n_shared_members, kind.n_matched_members),
        f"{kind.n_leader_right} of {kind.n_on_venue}",
        f"{kind.n_source_right} of {kind.n_off_venue}",
        f"{kind.n_verdict_right} of {kind.n_groups}",
        f"{kind.n_subtype_right} of {kind.n_found}",
        f"{kind.n_ratios_right} of {kind.n_ratios}",
        str(kind.n_fragments),
        percent(kind.n_covered_members, kind.n_planted_members),
        str(kind.n_merged),
    )


def _median_cells(counts: Sequence[int | None]) -> tuple[str, str]:
    median = median_copies(counts)
    return ("more than half never" if median is None else f"{median:g}", str(counts.count(None)))


def _rate(rate: HonestRate) -> str:
    return f"{rate.n:,}: {rate.rate:.2f} ({rate.bound:.2f})"
