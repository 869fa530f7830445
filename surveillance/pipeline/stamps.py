"""What orders are stamped with besides their account: operators, firms."""

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from surveillance.pipeline.codes import Codes


class Stamps:
    """The pairs of account and stamp that occurred; what was returned never changes.

    Attributes
    ----------
    pairs : frozenset of (account_id, stamp)
        Those so far.
    first_of : dict of account_id to stamp
        The first in text order where an account has several.
    """

    def __init__(self) -> None:
        self._codes = Codes()
        self._packed: set[int] = set()  # account << 32 | stamp
        self.pairs: frozenset[tuple[str, str]] = frozenset()
        self.first_of: dict[str, str] = {}

    def note(
        self, column: pa.Array, account: NDArray[np.int32], account_ids: Sequence[str]
    ) -> None:
        """Take the stamps of some orders, null where there is none, with their accounts' codes."""
        is_stamped = column.is_valid().to_numpy(zero_copy_only=False)
        code = self._codes.encode(column.drop_null())
        self._take(
            np.unique(account[is_stamped].astype(np.int64) << 32 | code).tolist(), account_ids
        )

    def snapshot(self) -> tuple[list[str], list[int]]:
        """Return the state as plain JSON types."""
        return self._codes.texts, sorted(self._packed)

    def restore(
        self, snapshot: tuple[Iterable[str], Iterable[int]], account_ids: Sequence[str]
    ) -> None:
        """Go back to a state that `snapshot` returned."""
        texts, packed = snapshot
        self._codes, self._packed = Codes(texts), set()
        self.pairs, self.first_of = frozenset(), {}
        self._take(packed, account_ids)

    def _take(self, packed: Iterable[int], account_ids: Sequence[str]) -> None:
        new = set(packed) - self._packed
        if not new:
            return
        self._packed |= new
        names = {(account_ids[p >> 32], self._codes.texts[p & 0xFFFFFFFF]) for p in new}
        self.pairs |= names
        self.first_of = dict(self.first_of)
        for account, stamp in names:
            self.first_of[account] = min(stamp, self.first_of.get(account, stamp))
