"""What the system is to reach, as data, each with how it is read off an evaluation."""

from collections.abc import Callable
from dataclasses import dataclass

from surveillance.jobs.evaluation import Evaluation
from surveillance.jobs.first_flags import FirstFlag, median_copies
from surveillance.jobs.real_data import REPLICATION_MARKETS, RealDataReport
from surveillance.jobs.summing import HonestRate, MethodScore

CLEAN_AUTOMATIC_KINDS = frozenset({"internal_local", "internal_server", "external_automatic"})
"""Software that copies nearly everything at once, with nothing done to hide it."""
FARM_MEMBERS = 50

LEAST_VERDICTS_RIGHT = 0.98
LEAST_VERDICTS_RIGHT_OF_A_KIND = 0.90
EXTERNAL_ACCOUNT_DAYS = 100_000
MOST_EXTERNAL_BOUND = 3e-5
MOST_ACCUSED = 1e-4
LEAST_LEADERS_RIGHT = 0.97
LEAST_SOURCES_RIGHT = 0.9
LEAST_RECALL = 0.95
LEAST_PRECISION = 0.99
MOST_COPIES_PROVISIONAL = 5
MOST_COPIES_CONFIRMED = 12
MOST_CALIBRATION_ERROR = 0.03

NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True)
class Reached:
    """What was measured, as text; `is_met` is None where the run cannot tell."""

    text: str
    is_met: bool | None


@dataclass(frozen=True, slots=True)
class Aim:
    """A measure, its aim as text, and how it is read off an evaluation."""

    measure: str
    aim: str
    read: Callable[[Evaluation], Reached]


@dataclass(frozen=True, slots=True)
class AimReached:
    """One row of the table: the aim and what was reached."""

    measure: str
    aim: str
    reached: Reached


def judge_aims(evaluation: Evaluation) -> tuple[AimReached, ...]:
    """Return every aim beside what the evaluation reached."""
    return tuple(AimReached(aim.measure, aim.aim, aim.read(evaluation)) for aim in AIMS)


def judge_real_aims(report: RealDataReport) -> tuple[AimReached, ...]:
    """Return the aims on real sets beside what was reached."""
    markets = report.markets
    n_pairs, n_groups = markets.n_pairs_validated, len(markets.groups)
    scans = (markets, report.posts_de, report.posts_ru)
    n_within = sum(scan.is_within_bound for scan in scans)
    return (
        AimReached(
            REPLICATION_MARKETS,
            "no pair validated, no group",
            Reached(f"{n_pairs} pairs, {n_groups} groups", n_pairs == 0 and n_groups == 0),
        ),
        AimReached(
            "placebo inside its bound",
            "on all three real sets",
            Reached(f"on {n_within} of {len(scans)}", n_within == len(scans)),
        ),
    )


def _share(n: int, of: int, least: float) -> Reached:
    if of == 0:
        return Reached(NOT_MEASURED, None)
    return Reached(f"{n / of:.3f} ({n:,} of {of:,})", n / of >= least)


def _verdicts(evaluation: Evaluation) -> Reached:
    total = evaluation.methods[0].total
    return _share(total.n_verdict_right, total.n_groups, LEAST_VERDICTS_RIGHT)


def _worst_kind(evaluation: Evaluation) -> Reached:
    kinds = evaluation.methods[0].kinds
    if not kinds:
        return Reached(NOT_MEASURED, None)
    worst = min(kinds, key=lambda kind: (kind.n_verdict_right / kind.n_groups, kind.kind))
    share = _share(worst.n_verdict_right, worst.n_groups, LEAST_VERDICTS_RIGHT_OF_A_KIND)
    return Reached(f"{worst.kind}: {share.text}", share.is_met)


def _honest(rate: HonestRate, method: MethodScore) -> str:
    bound = rate.bound / 1000
    return f"{rate.n} in {method.n_account_days:,} account-days, at most {bound:.1e} a day"


def _external(evaluation: Evaluation) -> Reached:
    method = evaluation.methods[0]
    text = _honest(method.external, method)
    if method.external.n:
        return Reached(text, is_met=False)
    if method.n_account_days < EXTERNAL_ACCOUNT_DAYS:
        return Reached(f"{text}: too few days to tell", None)
    return Reached(text, is_met=True)


def _accused(evaluation: Evaluation) -> Reached:
    method = evaluation.methods[0]
    if method.n_account_days == 0:
        return Reached(NOT_MEASURED, None)
    return Reached(_honest(method.accused, method), method.accused.rate <= 1000 * MOST_ACCUSED)


def _leaders(evaluation: Evaluation) -> Reached:
    total = evaluation.methods[0].total
    return _share(total.n_leader_right, total.n_on_venue, LEAST_LEADERS_RIGHT)


def _sources(evaluation: Evaluation) -> Reached:
    total = evaluation.methods[0].total
    return _share(total.n_source_right, total.n_off_venue, LEAST_SOURCES_RIGHT)


def _recall(evaluation: Evaluation) -> Reached:
    total = evaluation.methods[0].total
    return _share(total.n_shared_members, total.n_planted_members, LEAST_RECALL)


def _precision(evaluation: Evaluation) -> Reached:
    total = evaluation.methods[0].total
    return _share(total.n_shared_members, total.n_matched_members, LEAST_PRECISION)


def _copies(evaluation: Evaluation, count: Callable[[FirstFlag], int | None], most: int) -> Reached:
    flags = [flag for flag in evaluation.first_flags if flag.kind in CLEAN_AUTOMATIC_KINDS]
    if not flags:
        return Reached(NOT_MEASURED, None)
    median = median_copies([count(flag) for flag in flags])
    if median is None:
        return Reached("fewer than half were flagged", is_met=False)
    return Reached(f"{median:g}, over {len(flags)} followers", median <= most)


def _provisional(evaluation: Evaluation) -> Reached:
    return _copies(evaluation, lambda flag: flag.until_provisional, MOST_COPIES_PROVISIONAL)


def _confirmed(evaluation: Evaluation) -> Reached:
    return _copies(evaluation, lambda flag: flag.until_confirmed, MOST_COPIES_CONFIRMED)


def _farms(evaluation: Evaluation) -> Reached:
    farms = [farm for farm in evaluation.first_day if farm.n_members >= FARM_MEMBERS]
    n_found = sum(farm.is_found for farm in farms)
    if not farms:
        return Reached(NOT_MEASURED, None)
    return Reached(f"{n_found} of {len(farms)}", n_found == len(farms))


def _calibration(evaluation: Evaluation) -> Reached:
    found = evaluation.calibration
    if found is None:
        return Reached("no fitted classifier", None)
    return Reached(
        f"{found.error:.3f} over {found.n} groups", found.error <= MOST_CALIBRATION_ERROR
    )


AIMS = (
    Aim("verdict right, all planted groups", f"≥ {LEAST_VERDICTS_RIGHT}", _verdicts),
    Aim("verdict right, worst kind", f"≥ {LEAST_VERDICTS_RIGHT_OF_A_KIND:.2f}", _worst_kind),
    Aim(
        "honest accounts in an EXTERNAL group",
        f"0 in {EXTERNAL_ACCOUNT_DAYS:,} account-days (at most {MOST_EXTERNAL_BOUND:.0e} a day)",
        _external,
    ),
    Aim("honest accounts in an EXTERNAL or INTERNAL group", "≤ 1 in 10,000 a day", _accused),
    Aim("leader right, where on the venue", f"≥ {LEAST_LEADERS_RIGHT}", _leaders),
    Aim("source off the venue recognized", f"≥ {LEAST_SOURCES_RIGHT}", _sources),
    Aim("member recall", f"≥ {LEAST_RECALL}", _recall),
    Aim("member precision", f"≥ {LEAST_PRECISION}", _precision),
    Aim(
        "copies until the provisional flag, median clean automatic follower",
        f"≤ {MOST_COPIES_PROVISIONAL} at 5,000 accounts",
        _provisional,
    ),
    Aim(
        "copies until the confirmed flag, median clean automatic follower",
        f"≤ {MOST_COPIES_CONFIRMED} at 5,000 accounts",
        _confirmed,
    ),
    Aim(f"one-shot farm of {FARM_MEMBERS} accounts or more", "found on its first day", _farms),
    Aim("calibration error of the verdict", f"≤ {MOST_CALIBRATION_ERROR}", _calibration),
)
"""Every aim on simulated markets, in the order of the table."""
