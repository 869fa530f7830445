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
        self._ranked: tuple[tuple[str, ...], NDArray[np.int32]] = ((), np.empty(0, np.int32))

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
        texts, place = self._ranked
        if len(texts) < len(self.texts):
            texts = tuple(sorted((*texts, *self.texts[len(texts) :])))
            order = [self._code_of[text] for text in texts]
            place = np.empty(len(order), np.int32)
            place[order] = np.arange(len(order), dtype=np.int32)
            self._ranked = texts, place
        return self._ranked
