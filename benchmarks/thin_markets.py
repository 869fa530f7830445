"""False pairs among strangers in thin markets: the test's own null, at its hardest.

A few accounts a family trade in sessions, busy for a while and then away, each on its own: who is
busy now is likely to act next. Prints, for several values of `recent_prior`, the strongest evidence
and the pairs that cross at each tolerated number of false pairs.

    python -m benchmarks.thin_markets
"""

from dataclasses import replace

import numpy as np
from rich.console import Console
from rich.table import Table

from models.columns import OrderColumns
from models.evidence import ln_threshold
from models.params import DAY_NS, SECOND_NS, DetectionParams
from surveillance.pipeline.detector import Detector

PRIORS = (5.0, 20.0, 100.0)
TOLERATED = (0.05, 1.0, 10.0, 100.0)
SIZES = (2, 3, 5, 10, 30)
MEAN_GAPS_S = ((15.0, 120.0), (60.0, 600.0))
N_ACCOUNTS = 120
N_DAYS = 3
HOURS = 6.5
SESSION_S = 1_200.0
PAUSE_S = 1_800.0
START_NS = 20_000 * DAY_NS


def strangers(
    rng: np.random.Generator, n_each: int, shortest_s: float, longest_s: float
) -> OrderColumns:
    """Return orders of accounts that have nothing to do with one another, `n_each` a family."""
    parts: list[tuple[int, np.ndarray]] = []
    for account in range(max(4 * n_each, N_ACCOUNTS // n_each * n_each)):
        mean_s = float(np.exp(rng.uniform(np.log(shortest_s), np.log(longest_s))))
        for day in range(N_DAYS):
            second = rng.exponential(PAUSE_S)
            while second < HOURS * 3600:
                length = rng.exponential(SESSION_S)
                times = second + np.sort(rng.random(rng.poisson(length / mean_s))) * length
                parts.append((account, day * 86_400 + times[times < HOURS * 3600]))
                second += length + rng.exponential(PAUSE_S)
    account_of = np.concatenate([np.full(times.size, account) for account, times in parts])
    seconds = np.concatenate([times for _, times in parts])
    order = np.argsort(seconds, kind="stable")
    n = order.size
    zeros = np.zeros(n, np.int64)
    family = (account_of[order] // n_each).astype(np.int32)
    return OrderColumns(
        event_time_ns=START_NS + (seconds[order] * SECOND_NS).astype(np.int64),
        sequence=np.arange(n),
        account=account_of[order].astype(np.int32),
        family=family,
        instrument=family,
        side=rng.integers(0, 2, n).astype(np.int8),
        quantity_lots=zeros + 1,
        price_ticks=zeros,
        has_price=np.zeros(n, np.bool_),
    )


def main() -> None:
    """Measure every market with every prior and print the table."""
    table = Table("accounts a family", "mean gap, s", "orders", "recent_prior", "largest ln E")
    for tolerated in TOLERATED:
        table.add_column(f"v = {tolerated:g}", justify="right")
    for n_each in SIZES:
        for gaps in MEAN_GAPS_S:
            orders = strangers(np.random.default_rng(n_each), n_each, *gaps)
            for prior in PRIORS:
                params = DetectionParams()
                params = replace(params, rank_test=replace(params.rank_test, recent_prior=prior))
                with Detector(params, n_accounts=int(orders.account.max()) + 1) as detector:
                    detector.process(orders)
                    detector.close()
                    ln_e, m = detector.pair_evidence().ln_e, detector.n_tests
                crossings = [
                    str(int(np.count_nonzero(ln_e >= ln_threshold(m, v)))) for v in TOLERATED
                ]
                table.add_row(
                    str(n_each),
                    f"{gaps[0]:g} to {gaps[1]:g}",
                    f"{len(orders):,}",
                    f"{prior:g}",
                    f"{ln_e.max(initial=0.0):.1f}",
                    *crossings,
                )
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
