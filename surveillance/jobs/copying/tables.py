"""Verification and validation as tables for the terminal."""

from datetime import UTC, datetime

from models.params import SECOND_NS
from surveillance.jobs.copying.cases import CaseFindings
from surveillance.jobs.copying.figures import FollowerFigures
from surveillance.jobs.copying.truth import FollowerComparison
from surveillance.jobs.copying.validate import Validation
from surveillance.jobs.copying.verify import Verification
from surveillance.jobs.text_table import TextTable

_MOST_SHOWN = 10


def verification_tables(report: Verification) -> list[TextTable]:
    """Return followers and guards; the second is left out where no guard said anything."""
    followers = TextTable(
        f"Plan {report.plan_id}: {report.source}, {report.day}, {report.n_leader_orders} orders, "
        f"leader's profit {report.leader_profit_cents} cents",
        (
            "Follower",
            "Planned",
            "Realized",
            "Exposure",
            "Copied",
            "Missed",
            "Rejected",
            "Lots lost",
            "Cents lost",
            "Slip ticks",
            "Slip cents",
            "Profit cents",
        ),
        tuple(_follower_row(one) for one in report.followers),
    )
    missed = [
        (one.account_id, why, str(count))
        for one in report.followers
        for why, count in one.missed_why.items()
    ]
    guards = [
        (
            one.account_id,
            one.code + (" (lock)" if one.locks else ""),
            str(one.count),
            _clock(one.first_time_ns),
            one.text,
        )
        for one in report.guards
    ]
    tables = [followers]
    if missed:
        tables.append(TextTable("Missed, and why", ("Follower", "Why", "Orders"), tuple(missed)))
    if guards:
        header = ("Account", "Notice", "Times", "First (UTC)", "What it says")
        tables.append(TextTable("What guards did", header, tuple(guards)))
    return tables


def validation_tables(report: Validation) -> list[TextTable]:
    """Return the cases, then the followers of each."""
    cases = TextTable(
        f"Plan {report.plan_id} in the market {report.scenario}, {report.n_accounts} accounts, "
        f"seed {report.seed}: {report.n_orders} orders of the copier and its leader; without its "
        f"stamps the findings {'CHANGE' if report.stamps_change else 'are the same'}",
        ("Case", "Verdict", "Subtype", "Declaration", "Action", "Leader", "log10 E", "Wrong"),
        tuple(_case_row(case) for case in report.cases),
    )
    header = (
        "Follower",
        "Inverse",
        "Found",
        "Ratio",
        "Found",
        "In all",
        "Lag ms",
        "Found",
        "Led",
        "Copied",
        "Joined",
        "Found",
        "Of",
        "Missed",
        "Extra",
    )
    return [cases] + [
        TextTable(
            f"Case {case.name.replace('_', ' ')}: what the copier did, and what was found",
            header,
            tuple(_comparison_row(one) for one in case.followers),
        )
        for case in report.cases
    ]


def _follower_row(one: FollowerFigures) -> tuple[str, ...]:
    return (
        one.account_id,
        _number(one.planned_ratio),
        _number(one.realized_ratio),
        _number(one.exposure_ratio),
        f"{one.n_copied} of {one.n_orders}",
        str(one.n_missed),
        str(one.n_rejected),
        _number(one.lost_lots),
        _number(one.lost_notional_cents),
        _number(one.slippage_ticks),
        str(one.slippage_cents),
        str(one.profit_cents),
    )


def _case_row(case: CaseFindings) -> tuple[str, ...]:
    return (
        case.name,
        case.verdict or "none",
        case.subtype or "none",
        case.declaration or "none",
        case.recommended_action or "none",
        case.leader_account_id or "none",
        "none" if case.log10_e is None else f"{case.log10_e:.1f}",
        "; ".join(case.wrong) or "nothing",
    )


def _comparison_row(one: FollowerComparison) -> tuple[str, ...]:
    return (
        one.account_id,
        _yes(one.is_inverse),
        _yes(one.found_inverse),
        _number(one.true_ratio),
        _number(one.found_ratio),
        _number(one.total_ratio),
        _number(one.true_lag_ms),
        _number(one.found_lag_ms),
        str(one.n_led),
        str(one.n_copies),
        str(one.n_joined),
        str(one.found_copied),
        str(one.found_opportunities),
        _times(one.missed_ns),
        _times(one.extra_ns),
    )


def _times(times_ns: tuple[int, ...]) -> str:
    shown = ", ".join(_clock(time_ns) for time_ns in times_ns[:_MOST_SHOWN])
    more = len(times_ns) - _MOST_SHOWN
    return (shown + (f" and {more} more" if more > 0 else "")) or "0"


def _clock(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns // SECOND_NS, UTC).strftime("%H:%M:%S")


def _yes(value: bool | None) -> str:
    return "none" if value is None else "yes" if value else "no"


def _number(value: float | None) -> str:
    return (
        "none" if value is None else f"{value:.10g}" if isinstance(value, int) else f"{value:.4g}"
    )
