"""The numbers of the real sets as tables of text."""

from surveillance.jobs.real_data import RealDataReport, SetScan
from surveillance.jobs.text_table import TextTable, placebo_cells, placebo_header


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
            *placebo_header(scan.placebo for scan in scans),
        ),
        tuple(
            (
                scan.name,
                f"{scan.n_orders:,}",
                f"{scan.n_accounts:,}",
                str(scan.n_pairs_validated),
                str(len(scan.groups)),
                *placebo_cells(scan.placebo),
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
