"""When anybody decided, by key = 2 x family + side; one more batch costs what it brings."""

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from models.decisions import Snapshot
from models.features import KeyLog

_GROWTH = 1.5


class DecisionLog:
    """The decisions of some families in event order, put to their keys when they are asked for."""

    def __init__(self) -> None:
        self._waiting: list[tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]] = []
        self._of_key: dict[int, _GrowingKeyLog] = {}

    def add(
        self, event_time_ns: NDArray[np.int64], key: NDArray[np.int32], account: NDArray[np.int32]
    ) -> None:
        """Keep decisions that follow the others of their keys in time."""
        if event_time_ns.size:
            self._waiting.append((event_time_ns, key, account))

    def logs(self, families: Collection[int] | None = None) -> dict[int, KeyLog]:
        """Return the decisions so far by key; in some families or in all."""
        self._sort_in()
        return {
            key: log.so_far()
            for key, log in self._of_key.items()
            if families is None or key // 2 in families
        }

    def snapshot(self) -> Snapshot:
        """Return the columns of all decisions so far, as `add` takes them."""
        logs = self.logs()
        times = [log.event_time_ns for log in logs.values()]
        keys = np.repeat(list(logs), [part.size for part in times]).astype(np.int32)
        return {
            "event_time_ns": np.concatenate([np.empty(0, np.int64), *times]),
            "key": keys,
            "account": np.concatenate(
                [np.empty(0, np.int32), *(log.account for log in logs.values())]
            ),
        }

    def _sort_in(self) -> None:
        if not self._waiting:
            return
        times, keys, accounts = (np.concatenate(c) for c in zip(*self._waiting, strict=True))
        self._waiting.clear()
        order = np.argsort(keys, kind="stable")
        found, first = np.unique(keys[order], return_index=True)
        for key, key_times, key_accounts in zip(
            found.tolist(),
            np.split(times[order], first[1:]),
            np.split(accounts[order], first[1:]),
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
