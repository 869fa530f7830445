"""The numbers of an evaluation as tables of text, for the terminal and for the document."""

from collections.abc import Iterable
from dataclasses import dataclass

from surveillance.findings import PlaceboFinding, VerdictName
from surveillance.jobs.evaluation import DETECTOR, HAND_SET, PEER, Evaluation
from surveillance.jobs.real_data import RealDataReport, SetScan
from surveillance.jobs.scoring import MISSED
from surveillance.jobs.summing import KindScore

METHOD_NAMES = {
    DETECTOR: "detector",
    HAND_SET: "hand-set rule",
    PEER: "peer's rule",
}


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table ready to print; the first column is text, the others are numbers as text."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def to_markdown(self) -> str:
        """Return the table in Markdown, without its title."""
        rule = ["---", *["---:"] * (len(self.header) - 1)]
        rows = (self.header, rule, *self.rows)
        return "\n".join(
            f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in rows
        )


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
            "verdict right",
            "subtype right",
            "ratio within 15%",
            "fragments",
        ),
        tuple(_kind_row(kind) for kind in kinds),
    )


def method_table(evaluation: Evaluation) -> TextTable:
    """Return one row a method: the detector and the baselines on the same orders."""
    rows = []
    for method in evaluation.methods:
        total = method.total
        rows.append(
            (
                METHOD_NAMES[method.method],
                f"{total.n_found} of {total.n_groups}",
                _percent(total.n_shared_members, total.n_planted_members),
                f"{total.n_verdict_right} of {total.n_groups}",
                str(method.n_groups),
                str(method.n_extra),
                str(method.n_merged),
                *(
                    str(method.n_honest_in(verdict))
                    for verdict in (VerdictName.EXTERNAL, VerdictName.INTERNAL)
                ),
                f"{method.n_honest_in_any} of {method.n_honest:,}",
                f"{method.flagged_rate:.2f} (at most {method.flagged_rate_bound:.2f})",
            )
        )
    return TextTable(
        "The detector and the baselines",
        (
            "method",
            "planted groups found",
            "member recall",
            "verdict right",
            "groups shown",
            "extra",
            "merged",
            "honest in EXTERNAL",
            "honest in INTERNAL",
            "honest in any group",
            "honest flagged per 1,000 account-days",
        ),
        tuple(rows),
    )


def verdict_table(evaluation: Evaluation) -> TextTable:
    """Return the detector's verdicts against the right ones."""
    given = [*(verdict.value for verdict in VerdictName), MISSED]
    return TextTable(
        "Verdicts of the detector on planted groups",
        ("right verdict", *given),
        tuple(
            (wanted, *(str(row.get(name, 0)) for name in given))
            for wanted, row in evaluation.methods[0].verdicts.items()
        ),
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
            *_placebo_header(run.placebo for run in evaluation.runs),
        ),
        tuple(
            (
                run.name,
                f"{run.n_orders:,}",
                f"{run.n_accounts:,}",
                str(run.n_planted),
                str(run.n_groups),
                f"{run.raised_log10_e:g}",
                *_placebo_cells(run.placebo),
            )
            for run in evaluation.runs
        ),
    )


def real_table(report: RealDataReport) -> TextTable:
    """Return one row a real set."""
    scans = (report.markets, report.planted.scan, report.posts_de, report.posts_ru)
    return TextTable(
        "Real sets; placebo as crossings / bound at each tolerated number of false pairs v",
        (
            "set",
            "orders",
            "accounts",
            "pairs validated",
            "groups",
            *_placebo_header(scan.placebo for scan in scans),
        ),
        tuple(
            (
                scan.name,
                f"{scan.n_orders:,}",
                f"{scan.n_accounts:,}",
                str(scan.n_pairs_validated),
                str(len(scan.groups)),
                *_placebo_cells(scan.placebo),
            )
            for scan in scans
        ),
    )


def group_table(scan: SetScan) -> TextTable:
    """Return one row a group of a real set."""
    return TextTable(
        f"Groups of {scan.name}",
        ("verdict", "members", "leader", "evidence (log10 E)", "episodes"),
        tuple(
            (
                f"{group.verdict} {group.subtype}",
                str(group.n_members),
                group.leader or "off venue",
                f"{group.log10_e:.1f}",
                str(group.n_episodes),
            )
            for group in scan.groups
        ),
    )


def peer_table(report: RealDataReport) -> TextTable:
    """Return the detector's pairs beside the peer's, by how often a pair acted together."""
    peer = report.peer
    ours = ("detector", str(peer.our_accounts), str(peer.our_pairs), str(peer.our_groups))
    return TextTable(
        f"{report.posts_ru.name}: the detector beside the peer's rule",
        ("method", "accounts", "pairs", "groups"),
        (
            ours,
            *(
                (
                    f"peer's rule, pairs that met at least {times} times"
                    if times > 1
                    else "peer's rule as it stands",
                    f"{accounts:,}",
                    f"{pairs:,}",
                    f"{groups:,}",
                )
                for times, accounts, pairs, groups in peer.pairs_by_times
            ),
        ),
    )


def _kind_row(kind: KindScore) -> tuple[str, ...]:
    return (
        kind.kind,
        str(kind.n_groups),
        str(kind.n_found),
        str(kind.n_half_found),
        _percent(kind.n_shared_members, kind.n_planted_members),
        _percent(kind.n_shared_members, kind.n_matched_members),
        f"{kind.n_leader_right} of {kind.n_found}",
        f"{kind.n_verdict_right} of {kind.n_groups}",
        f"{kind.n_subtype_right} of {kind.n_found}",
        f"{kind.n_ratios_right} of {kind.n_ratios}",
        str(kind.n_fragments),
    )


def _placebo_header(placebos: Iterable[tuple[PlaceboFinding, ...]]) -> tuple[str, ...]:
    first = next(iter(placebos), ())
    return tuple(f"v = {count.tolerated:g}" for count in first)


def _placebo_cells(placebo: tuple[PlaceboFinding, ...]) -> tuple[str, ...]:
    return tuple(f"{count.crossings} / {count.bound}" for count in placebo)


def _percent(n: int, of: int) -> str:
    return f"{n / of:.1%}" if of else "none"
