"""The rank test in market time: how soon, counted in decisions, B acts after A.

Market time is the count of decisions of B's activity class in B's key. A decision of A is
answered by B's next decision y; with s_d the share B has among class decisions of the stratum of
d, known just before d,

    p = sum over class decisions d after A up to and including y of -ln(1 - s_d)

which is at least 1 - prod(1 - s_d). Given the past, each next class decision is B's with
probability at most s_d; then exp(-sum) stopped at B is super-uniform (the compensator transform;
optional stopping on the first d at which the sum would pass x), so

    E = mean over theta, kappa of prod over A's decisions of
            (1 - theta) + theta * kappa * p^(kappa - 1) / p_cap^kappa   at an answer with p <= p_cap
            (1 - theta)                                                 otherwise

has expectation at most 1 at any stopping time, however A's times were chosen. The strata are
local intensity x clock phase: a news burst lifts the share of those who trade bursts, the first
seconds of a minute lift slicers'. docs/method.md, section 2; Ville 1939; Wang & Ramdas 2022.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.crossings import Crossings
from models.decisions import Snapshot, grown
from models.errors import ColumnError
from models.kernels import ranktest as kernel
from models.params import MAX_LEVELS, RankTestParams

_BUCKETS_A_DOUBLING = 8
_N_BUCKETS = 40 * _BUCKETS_A_DOUBLING
_N_STRATA = MAX_LEVELS * kernel.N_PHASES
_LEAST_CROSSINGS = 4096
_HELD = "held_"  # prefix of what is held back, in a snapshot


@dataclass(frozen=True, slots=True)
class FamilyRows:
    """What the test holds on every pair with a row, one row a (leader, follower, channel, family).

    `best` is the largest ln E since any start, `total` the ln payoffs of all answers by component
    (shape (n_rows, n_components)), without misses.
    """

    leader: NDArray[np.int32]
    follower: NDArray[np.int32]
    channel: NDArray[np.int8]
    family: NDArray[np.int32]
    best: NDArray[np.float64]
    total: NDArray[np.float64]
    answers: NDArray[np.int64]


def components(params: RankTestParams) -> NDArray[np.float64]:
    """Return (theta, kappa) of every component of the mixture, shape (n_components, 2)."""
    return np.array([(t, k) for t in params.thetas for k in params.kappas], np.float64)


def miss_table(params: RankTestParams) -> NDArray[np.float64]:
    """Return ln(1 - theta) of every component: what an unanswered decision adds."""
    return np.log1p(-components(params)[:, 0])


def payoff_table(params: RankTestParams) -> NDArray[np.float32]:
    """Return what an answer adds on top of a miss, by bucket of p and component.

    Row i is for p = 2^(-i/8), the upper end of its bucket, so that rounding only lowers evidence;
    rows above `p_cap` hold nothing. Shape (n_buckets, n_components).
    """
    theta, kappa = components(params).T
    p = 2.0 ** (-np.arange(_N_BUCKETS) / _BUCKETS_A_DOUBLING)[:, None]
    density = np.where(p <= params.p_cap, kappa * p ** (kappa - 1.0) / params.p_cap**kappa, 0.0)
    table: NDArray[np.float64] = np.log((theta * density + 1.0 - theta) / (1.0 - theta))
    return table.astype(np.float32)


class _Decisions(NamedTuple):
    """Decisions as the kernel takes them, shape (n_decisions,) each."""

    event_time_ns: NDArray[np.int64]
    sequence: NDArray[np.int64]
    node: NDArray[np.int32]
    side: NDArray[np.int8]

    def followed_by(self, later: "_Decisions") -> "_Decisions":
        """Return these and then the later ones."""
        if self.event_time_ns.size == 0:
            return later
        return _Decisions(
            np.concatenate([self.event_time_ns, later.event_time_ns]),
            np.concatenate([self.sequence, later.sequence]),
            np.concatenate([self.node, later.node]),
            np.concatenate([self.side, later.side]),
        )

    def rest(self, first: int) -> "_Decisions":
        """Return a copy from row `first` on."""
        return _Decisions(
            self.event_time_ns[first:].copy(),
            self.sequence[first:].copy(),
            self.node[first:].copy(),
            self.side[first:].copy(),
        )


class RankTest:
    """The test over a stream of decisions; batches may be cut anywhere, families split anyhow.

    Parameters
    ----------
    params : RankTestParams
        Thresholds.
    n_accounts : int
        Accounts of the venue: sets how surprising an answer must be to make a pair's row.
    n_rows : int, optional
        Rows of one follower in one family, as `RankTestParams.n_rows` gives.
    shift_ns : int
        0 for the test itself; otherwise the placebo, with ghosts of all decisions this much later.
    watch_ln_e : float
        Rows whose evidence in one family reaches it are noted once, with the time.
    windows : bool
        Count only decisions that open a window: later than the look-back after the account's last
        such decision in the key. Nothing supersedes them.
    """

    def __init__(
        self,
        params: RankTestParams,
        *,
        n_accounts: int,
        n_rows: int | None = None,
        shift_ns: int = 0,
        watch_ln_e: float = np.inf,
        windows: bool = False,
    ) -> None:
        self._settings = kernel.Settings(
            look_back_ns=params.look_back_ns,
            depth=params.depth,
            p_cap=params.p_cap,
            row_p=params.row_p(n_accounts),
            protected_ln_e=params.protected_ln_e,
            promising_ln_e=params.promising_ln_e,
            prior_decisions=params.prior_decisions,
            overall_weight=params.overall_weight,
            recent_memory_ns=float(params.recent_memory_ns),
            fast_memory_ns=float(params.fast_memory_ns),
            recent_prior=params.recent_prior,
            habit_ns=params.habit_ns,
            habit_share=params.habit_share,
            share_cap=params.share_cap,
            safety=params.safety,
            burst_ns=params.burst_ns,
            calm_ns=params.calm_ns,
            n_levels=params.n_levels,
            phase_ns=params.phase_ns,
            robot_decisions_a_day=params.robot_decisions_a_day,
            restart_ns=params.restart_ns,
            shift_ns=shift_ns,
            keep_ns=max(params.calm_ns, params.look_back_ns + shift_ns),
            watch_ln_e=watch_ln_e,
            windows=windows,
        )
        self._tables = kernel.Tables(
            payoffs=payoff_table(params),
            misses=miss_table(params),
            scratch=np.empty(kernel.N_COMPONENTS, np.float64),
        )
        self._state = _new_state(n_rows or params.rows_a_follower)
        wide = np.empty(0, np.int64)
        self._held = _Decisions(wide, wide, np.empty(0, np.int32), np.empty(0, np.int8))

    def process(
        self,
        event_time_ns: NDArray[np.int64],
        sequence: NDArray[np.int64],
        node: NDArray[np.int32],
        side: NDArray[np.int8],
        *,
        node_family: NDArray[np.int32],
        final: bool = False,
    ) -> None:
        """Take the next decisions, in event order.

        The last instant is held back until a later one comes, or `final`: equal times without a
        sequence are one tie, and the tie must be whole.

        Parameters
        ----------
        event_time_ns, sequence, node, side : ndarray, shape (n_decisions,)
            As `OpenedDecisions` and the orders that open them give.
        node_family : ndarray, shape (n_nodes,)
            Family of every node so far.
        final : bool
            No decision of this instant will come any more.

        Raises
        ------
        ColumnError
            If time falls.
        """
        batch = self._held.followed_by(_Decisions(event_time_ns, sequence, node, side))
        if batch.event_time_ns.size > 1 and bool(np.any(np.diff(batch.event_time_ns) < 0)):
            raise ColumnError("event_time_ns must not fall")
        self._fit(node_family)
        done = 0
        while True:
            done = kernel.process(self._state, self._settings, self._tables, *batch, done, final)
            full = int(self._state.counters[kernel.FULL])
            if not full:
                break
            self._state.counters[kernel.FULL] = 0
            if full == kernel.LOG_FULL:
                self._grow_log()
            else:
                self._grow_crossings()
        self._held = batch.rest(done)

    def end(self, last_ns: int) -> None:
        """Let ghosts come due up to the end of the stream, which may lie beyond these families."""
        kernel.expire(self._state, last_ns, self._settings)

    def decisions_of_nodes(self) -> NDArray[np.int64]:
        """Return how many candidates (due ghosts, in a placebo) each node has made, (n_nodes,)."""
        state = self._state
        ghosts = self._settings.shift_ns > 0
        return (state.node_ghosts if ghosts else state.node_decisions).astype(np.int64)

    def rows(
        self, *, node_account: NDArray[np.int32], among: NDArray[np.bool_] | None = None
    ) -> FamilyRows:
        """Return the rows of all pairs, sorted by (leader, follower, channel, family).

        Parameters
        ----------
        node_account : ndarray, shape (n_nodes,)
            Account of every node.
        among : ndarray of bool, shape (n_accounts,), optional
            Leave out the pairs that are not both of these accounts.
        """
        state = self._state
        n_nodes = node_account.size
        follower_node, slot = np.nonzero(state.row_leader[:n_nodes] != kernel.NONE)
        if among is not None:
            kept = among[node_account[follower_node]]
            follower_node, slot = follower_node[kept], slot[kept]
            kept = among[node_account[state.row_leader[follower_node, slot] >> 1]]
            follower_node, slot = follower_node[kept], slot[kept]
        rows = state.rows[follower_node, slot]
        packed = state.row_leader[follower_node, slot]
        leader = node_account[packed >> 1]
        follower = node_account[follower_node]
        channel = (packed & 1).astype(np.int8)
        family = state.node_family[follower_node]
        order = np.lexsort((family, channel, follower, leader))
        return FamilyRows(
            leader=leader[order],
            follower=follower[order],
            channel=channel[order],
            family=family[order],
            best=rows["best"][order].astype(np.float64),
            total=rows["total"][order].astype(np.float64),
            answers=rows["answers"][order].astype(np.int64),
        )

    def take_crossings(self, *, node_account: NDArray[np.int32]) -> Crossings:
        """Return and forget the crossings noted since the last call.

        Parameters
        ----------
        node_account : ndarray, shape (n_nodes,)
            Account of every node.
        """
        counters = self._state.counters
        noted = self._state.crossings[: counters[kernel.CROSSED]].copy()
        counters[kernel.CROSSED] = 0
        return Crossings(
            time_ns=noted["time_ns"],
            leader=node_account[noted["leader"] >> 1],
            follower=node_account[noted["follower"]],
            channel=(noted["leader"] & 1).astype(np.int8),
            ln_e=noted["ln_e"].astype(np.float64),
            answers=noted["answers"].astype(np.int64),
            opportunities=noted["opportunities"].astype(np.int64),
        )

    @property
    def n_starts(self) -> int:
        """How often a row was made or started anew: the number of tests in force."""
        return int(self._state.counters[kernel.STARTS])

    def snapshot(self) -> Snapshot:
        """Return the state as named arrays."""
        named = {name: array.copy() for name, array in self._state._asdict().items()}
        held = self._held._asdict().items()
        return named | {f"{_HELD}{name}": column.copy() for name, column in held}

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a state that `snapshot` returned."""
        copied: dict[str, Any] = {name: array.copy() for name, array in snapshot.items()}
        self._held = _Decisions(*(copied.pop(f"{_HELD}{name}") for name in _Decisions._fields))
        self._state = kernel.State(**copied)

    def _fit(self, node_family: NDArray[np.int32]) -> None:
        """Make room for all nodes and families met so far."""
        state = self._state
        changes: dict[str, NDArray[Any]] = {}
        n_known = state.node_family.size
        if node_family.size > n_known:
            size = max(node_family.size, n_known + n_known // 4)
            for name, array in state._asdict().items():
                if name.startswith(("node_", "row")):
                    changes[name] = grown(array, size)
            for name in ("node_entry", "row_leader"):
                changes[name][n_known:] = kernel.NONE
            changes["node_last_ns"][n_known:] = kernel.NEVER
            changes["row_queue"][n_known:] = np.arange(state.rows.shape[1]) - (
                1 << kernel.SLOT_BITS
            )
        n_families = int(node_family.max(initial=-1)) + 1
        if n_families > state.family_head.size:
            size = max(n_families, 2 * state.family_head.size)
            for name in _FAMILY_ARRAYS:
                changes[name] = grown(getattr(state, name), size)
            for name in ("family_head", "family_ghost"):
                changes[name][state.family_head.size :] = kernel.NONE
        if changes:
            self._state = state._replace(**changes)
        self._state.node_family[: node_family.size] = node_family

    def _grow_log(self) -> None:
        state = self._state
        log = np.zeros(2 * state.log.size, kernel.ENTRY)
        kept = np.arange(state.counters[kernel.TAIL], state.counters[kernel.HEAD])
        log[kept & (log.size - 1)] = state.log[kept & (state.log.size - 1)]
        self._state = state._replace(log=log)

    def _grow_crossings(self) -> None:
        crossings = self._state.crossings
        larger = np.zeros(max(2 * crossings.size, _LEAST_CROSSINGS), kernel.CROSSING)
        larger[: crossings.size] = crossings
        self._state = self._state._replace(crossings=larger)


_FAMILY_ARRAYS = (
    "family_head",
    "family_ghost",
    "stratum_total",
    "class_total",
    "in_burst",
    "in_calm",
    "recent",
    "fast",
    "recent_ns",
)


def _new_state(n_rows: int) -> kernel.State:
    side_class = (0, 2, kernel.N_CLASSES)
    return kernel.State(
        counters=np.zeros(kernel.N_COUNTERS, np.int64),
        log=np.zeros(1024, kernel.ENTRY),
        family_head=np.empty(0, np.int64),
        family_ghost=np.empty(0, np.int64),
        stratum_total=np.zeros((*side_class, _N_STRATA), np.int64),
        class_total=np.zeros(side_class, np.int64),
        in_burst=np.zeros(side_class, np.int64),
        in_calm=np.zeros(side_class, np.int64),
        recent=np.zeros((*side_class, kernel.N_PHASES), np.float64),
        fast=np.zeros((*side_class, kernel.N_PHASES), np.float64),
        recent_ns=np.zeros((*side_class, kernel.N_PHASES), np.int64),
        node_family=np.empty(0, np.int32),
        node_stratum=np.zeros((0, 2, _N_STRATA), np.int32),
        node_total=np.zeros((0, 2), np.int32),
        node_recent=np.zeros((0, 2, kernel.N_PHASES), np.float64),
        node_fast=np.zeros((0, 2, kernel.N_PHASES), np.float64),
        node_last_ns=np.empty((0, 2, kernel.N_LAST), np.int64),
        node_recent_ns=np.zeros((0, 2, kernel.N_PHASES), np.int64),
        node_entry=np.empty((0, 2), np.int64),
        node_answered=np.zeros((0, 2), np.int64),
        node_decisions=np.empty(0, np.int32),
        node_ghosts=np.empty(0, np.int32),
        node_class=np.empty(0, np.int8),
        node_day=np.empty(0, np.int32),
        node_today=np.empty(0, np.int32),
        node_closed=np.empty(0, np.int32),
        node_days=np.empty(0, np.int32),
        row_leader=np.empty((0, n_rows), np.int32),
        row_queue=np.empty((0, n_rows), np.int64),
        rows=np.zeros((0, n_rows), kernel.ROW),
        crossings=np.zeros(0, kernel.CROSSING),
    )
