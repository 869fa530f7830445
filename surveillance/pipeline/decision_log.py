"""When anybody decided, by key = 2 x family + side; one more batch costs what it brings."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from models.decisions import Snapshot
from models.features import KeyLog

_GROWTH = 1.5


class DecisionLog:
    """The decisions of some families in event order, put to their keys when they are asked for."""

    def __init__(self) -> None:
        self._waiting: list[tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int8]]] = []
        self._of_key: dict[int, _GrowingKeyLog] = {}

    def add(
        self, times: NDArray[np.int64], nodes: NDArray[np.int32], sides: NDArray[np.int8]
    ) -> None:
        """Keep decisions that follow the others in time."""
        if times.size:
            self._waiting.append((times, nodes, sides))

    def logs(
        self,
        node_family: NDArray[np.int32],
        node_account: NDArray[np.int32],
        *,
        of_family: Callable[[int], bool],
    ) -> dict[int, KeyLog]:
        """Return the decisions so far of some families, by key.

        Parameters
        ----------
        node_family, node_account : ndarray of int32, shape (n_nodes,)
            What the nodes of the decisions stand for.
        of_family : callable
            Whether to return a family.
        """
        self._sort_in(node_family, node_account)
        return {key: log.so_far() for key, log in self._of_key.items() if of_family(key // 2)}

    def snapshot(self, node_family: NDArray[np.int32], node_account: NDArray[np.int32]) -> Snapshot:
        """Return the decisions so far as named arrays; nodes as for `logs`."""
        logs = self.logs(node_family, node_account, of_family=lambda _: True)
        times = [log.event_time_ns for log in logs.values()]
        accounts = [log.account for log in logs.values()]
        return {
            "key": np.array(list(logs), np.int64),
            "n": np.array([part.size for part in times], np.int64),
            "event_time_ns": np.concatenate([np.empty(0, np.int64), *times]),
            "account": np.concatenate([np.empty(0, np.int32), *accounts]),
        }

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to what `snapshot` returned."""
        self._waiting.clear()
        cuts = np.cumsum(snapshot["n"])[:-1]
        times = np.split(snapshot["event_time_ns"].astype(np.int64), cuts)
        accounts = np.split(snapshot["account"].astype(np.int32), cuts)
        self._of_key = {
            int(key): _GrowingKeyLog(key_times, key_accounts)
            for key, key_times, key_accounts in zip(snapshot["key"], times, accounts, strict=False)
        }

    def _sort_in(self, node_family: NDArray[np.int32], node_account: NDArray[np.int32]) -> None:
        if not self._waiting:
            return
        times, nodes, sides = (np.concatenate(c) for c in zip(*self._waiting, strict=True))
        self._waiting.clear()
        keys = node_family[nodes].astype(np.int64) * 2 + sides
        order = np.argsort(keys, kind="stable")
        found, first = np.unique(keys[order], return_index=True)
        for key, key_times, key_accounts in zip(
            found.tolist(),
            np.split(times[order], first[1:]),
            np.split(node_account[nodes[order]], first[1:]),
            strict=True,
        ):
            log = self._of_key.get(key)
            if log is None:
                self._of_key[key] = _GrowingKeyLog(key_times, key_accounts)
            else:
                log.append(key_times, key_accounts)


class _GrowingKeyLog:
    """Decisions of one key in buffers with room for more."""

    def __init__(self, times: NDArray[np.int64], accounts: NDArray[np.int32]) -> None:
        self._times, self._accounts = times, accounts
        self._n = times.size

    def so_far(self) -> KeyLog:
        return KeyLog(self._times[: self._n], self._accounts[: self._n])

    def append(self, times: NDArray[np.int64], accounts: NDArray[np.int32]) -> None:
        start, self._n = self._n, self._n + times.size
        if self._n > self._times.size:
            size = int(_GROWTH * self._n)
            self._times, self._accounts = (
                np.concatenate([old[:start], np.empty(size - start, old.dtype)])
                for old in (self._times, self._accounts)
            )
        self._times[start : self._n] = times
        self._accounts[start : self._n] = accounts
