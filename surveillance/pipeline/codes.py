"""Codes: dense integers for the ids of a stream."""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


class Codes:
    """Dense codes for texts, in the order they first appear.

    Parameters
    ----------
    texts : iterable of str
        Those that have appeared, none twice.
    """

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self.texts: list[str] = list(texts)
        self._code_of = {text: code for code, text in enumerate(self.texts)}

    def encode(self, column: pa.Array) -> NDArray[np.int32]:
        """Return the code of every value; the column has no nulls."""
        encoded = column.dictionary_encode()
        codes: NDArray[np.int32] = np.empty(len(encoded.dictionary), np.int32)
        for i, text in enumerate(encoded.dictionary.to_pylist()):
            code = self._code_of.setdefault(text, len(self.texts))
            if code == len(self.texts):
                self.texts.append(text)
            codes[i] = code
        taken: NDArray[np.int32] = codes[encoded.indices.to_numpy(zero_copy_only=False)]
        return taken

    def ranked(self) -> tuple[tuple[str, ...], NDArray[np.int32]]:
        """Return the texts in ascending order and each code's place among them."""
        order = sorted(range(len(self.texts)), key=self.texts.__getitem__)
        place = np.empty(len(order), np.int32)
        place[order] = np.arange(len(order), dtype=np.int32)
        return tuple(self.texts[code] for code in order), place
