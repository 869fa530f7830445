"""The detector: order columns in, pair evidence out, over any number of workers.

Families are split over shards; each shard numbers its decisions and feeds, for each look, the
real test and one placebo test a shift. Evidence is additive over families, so the number of shards
and of threads changes nothing but the time it takes.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from functools import partial
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.columns import OrderColumns, PairEvidence
from models.crossings import Crossings
from models.decisions import DecisionStage, OpenedDecisions, Snapshot
from models.evidence import LN_CHANCES, n_tests, pair_evidence
from models.features import KeyLog, MarketLog
from models.looks import Look, looks_of, louder_look
from models.params import DetectionParams
from models.ranktest import RankTest
from surveillance.pipeline.decision_log import DecisionLog

N_SHARDS = 8


class _Shard:
    """Some of the families: their decision stage, rank test, placebo tests and decision log."""

    def __init__(
        self,
        looks: tuple[Look, ...],
        n_accounts: int,
        n_rows: int,
        shifts_ns: tuple[int, ...],
        watch_ln_e: float,
    ) -> None:
        plain = looks[0].params
        self.stage = DecisionStage(merge_ns=plain.merge_ns, bracket_ns=plain.bracket_ns)
        self.tests = {
            (shift, number): RankTest(
                look.params,
                n_accounts=n_accounts,
                n_rows=n_rows,
                shift_ns=shift,
                watch_ln_e=np.inf if shift else watch_ln_e,
                windows=look.windows,
            )
            for shift in (0, *shifts_ns)
            for number, look in enumerate(looks)
        }
        self.log = DecisionLog()

    def snapshot(self) -> dict[str, Snapshot]:
        """Return the state of each part as named arrays."""
        parts = {"decisions": self.stage.snapshot(), "log": self.log.snapshot()}
        for (shift, look), test in self.tests.items():
            parts[f"test_{shift}_{look}"] = test.snapshot()
        return parts

    def restore(self, snapshot: dict[str, Snapshot]) -> None:
        """Go back to a state that `snapshot` returned."""
        self.stage.restore(snapshot["decisions"])
        self.log = DecisionLog()
        times, keys, accounts = (
            snapshot["log"][name] for name in ("event_time_ns", "key", "account")
        )
        self.log.add(times.astype(np.int64), keys.astype(np.int32), accounts.astype(np.int32))
        for (shift, look), test in self.tests.items():
            test.restore(snapshot[f"test_{shift}_{look}"])

    def open_decisions(self, orders: OrderColumns, *, final: bool) -> list[Callable[[], None]]:
        """Return the work that each test has with the batch, its decisions numbered."""
        opened: OpenedDecisions = self.stage.process(orders)
        rows = opened.opens
        times, sides = orders.event_time_ns[rows], orders.side[rows]
        nodes = opened.node[rows]
        keys = 2 * self.stage.node_family[nodes] + sides
        self.log.add(times, keys, self.stage.node_account[nodes])
        return [
            partial(
                test.process,
                times,
                orders.sequence[rows],
                nodes,
                sides,
                node_family=self.stage.node_family,
                final=final,
            )
            for test in self.tests.values()
        ]


class Detector:
    """The rank test and its placebo over a stream of order batches, cut anywhere.

    Parameters
    ----------
    params : DetectionParams
        Thresholds.
    n_accounts : int
        Accounts of the venue.
    n_nodes : int
        Pairs of account and family that will trade, where known: bounds the rows.
    shifts_ns : tuple of int
        Placebo shifts to run.
    watch_ln_e : float
        Evidence in one family, as pairs show it, at which a pair is noted with the time.
    n_shards, n_workers : int
        How families and tests are split; results do not depend on them.
    """

    def __init__(
        self,
        params: DetectionParams,
        *,
        n_accounts: int,
        n_nodes: int = 0,
        shifts_ns: tuple[int, ...] = (),
        watch_ln_e: float = np.inf,
        n_shards: int = N_SHARDS,
        n_workers: int | None = None,
    ) -> None:
        self._looks = looks_of(params)
        self._n_accounts = n_accounts
        self._shifts_ns = shifts_ns
        self._last_ns = 0
        n_rows = params.rank_test.n_rows(n_nodes)
        self._ln_price = LN_CHANCES + float(np.log(len(self._looks)))
        watched = watch_ln_e + self._ln_price  # a row's own evidence, before all prices
        self._shards = [
            _Shard(self._looks, n_accounts, n_rows, shifts_ns, watched) for _ in range(n_shards)
        ]
        self._pool = ThreadPoolExecutor(n_workers or os.cpu_count() or 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown()

    def process(self, orders: OrderColumns, *, final: bool = False) -> None:
        """Take the next orders, in event order; `final` closes the last instant."""
        if len(orders):
            self._last_ns = int(orders.event_time_ns[-1])
        shard_of_order = orders.family % len(self._shards)
        work: list[Callable[[], None]] = []
        for number, shard in enumerate(self._shards):
            part = orders.take(np.flatnonzero(shard_of_order == number))
            work.extend(shard.open_decisions(part, final=final))
        for done in [self._pool.submit(task) for task in work]:
            done.result()

    def close(self) -> None:
        """Take what was held back of the last instant: no order of it will come any more."""
        self.process(OrderColumns.empty(), final=True)
        for shard in self._shards:
            for test in shard.tests.values():
                test.end(self._last_ns)

    @property
    def n_starts(self) -> int:
        """Starts of pair rows in the real test, in the look that has more: each pays its part."""
        return max(
            sum(shard.tests[0, look].n_starts for shard in self._shards)
            for look in range(len(self._looks))
        )

    @property
    def n_tests(self) -> int:
        """Return m: the number of tests that the threshold pays for."""
        return n_tests(self._n_accounts, self.n_starts)

    def decisions_by_account(self, *, shift_ns: int = 0, look: int = 0) -> NDArray[np.int64]:
        """Return the candidates (or due ghosts) of each account in a look, shape (n_accounts,).

        In the first look these are all its decisions.
        """
        total = np.zeros(self._n_accounts, np.int64)
        for shard in self._shards:
            nodes = shard.tests[shift_ns, look].decisions_of_nodes()[: shard.stage.n_nodes]
            np.add.at(total, shard.stage.node_account[: nodes.size], nodes)
        return total

    def pair_evidence(
        self, *, shift_ns: int = 0, among: NDArray[np.bool_] | None = None
    ) -> PairEvidence:
        """Return the evidence of all pairs so far, of the real test or of one placebo.

        Parameters
        ----------
        shift_ns : int
            0 for the real test, else the placebo of that shift.
        among : ndarray of bool, shape (n_accounts,), optional
            Leave out the pairs that are not both of these accounts.
        """
        looks = [
            pair_evidence(
                [
                    shard.tests[shift_ns, number].rows(
                        node_account=shard.stage.node_account, among=among
                    )
                    for shard in self._shards
                ],
                decisions=self.decisions_by_account(shift_ns=shift_ns, look=number),
                params=look.params,
            )
            for number, look in enumerate(self._looks)
        ]
        return louder_look(looks, n_accounts=self._n_accounts)

    def take_crossings(self) -> Crossings:
        """Return the pairs that passed the watched level since the last call, in event order."""
        parts = [
            shard.tests[0, number].take_crossings(node_account=shard.stage.node_account)
            for shard in self._shards
            for number in range(len(self._looks))
        ]
        columns = {
            c.name: np.concatenate([getattr(part, c.name) for part in parts])
            for c in fields(Crossings)
        }
        columns["ln_e"] = columns["ln_e"] - self._ln_price
        order = np.lexsort(
            (columns["channel"], columns["follower"], columns["leader"], columns["time_ns"])
        )
        return Crossings(**{name: column[order] for name, column in columns.items()})

    def placebo_evidence(self) -> dict[int, PairEvidence]:
        """Return the evidence of every placebo, by shift in nanoseconds."""
        return {shift: self.pair_evidence(shift_ns=shift) for shift in self._shifts_ns}

    def market_log(self, families: Collection[int] | None = None) -> MarketLog:
        """Return when anybody decided so far, by family and side; in some families or in all."""
        logs: dict[int, KeyLog] = {}
        for shard in self._shards:
            logs |= shard.log.logs(families)
        return MarketLog(self._n_accounts, logs)

    def snapshot(self) -> Snapshot:
        """Return the state as named arrays, the log of decisions among them."""
        named: Snapshot = {"last_ns": np.array(self._last_ns)}
        for number, shard in enumerate(self._shards):
            for part, state in shard.snapshot().items():
                named |= {f"{number}/{part}/{name}": array for name, array in state.items()}
        return named

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a state that `snapshot` returned."""
        self._last_ns = int(snapshot["last_ns"])
        parts: list[dict[str, Snapshot]] = [defaultdict(dict) for _ in self._shards]
        for path, array in snapshot.items():
            if path != "last_ns":
                number, part, name = path.split("/")
                parts[int(number)][part][name] = array
        for shard, state in zip(self._shards, parts, strict=True):
            shard.restore(state)
