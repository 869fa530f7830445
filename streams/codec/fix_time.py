"""FIX UTC timestamps, `YYYYMMDD-HH:MM:SS` with up to nine digits of fraction, as nanoseconds."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

NS_PER_SECOND = 1_000_000_000
_SECONDS_PER_DAY = 86_400
_FORM = b"00000000-00:00:00.000000000"
_N_WITHOUT_FRACTION = 17
_LIMITS = {"hour": 23, "minute": 59, "second": 60}  # 60 is a leap second
_YEARS = (1678, 2261)  # whole years that int64 nanoseconds hold


def parse_times(texts: Sequence[bytes]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return UTC nanoseconds since 1970, and which texts are timestamps.

    Parameters
    ----------
    texts : sequence of bytes
        Values of UTCTimestamp fields.

    Returns
    -------
    (NDArray[np.int64], NDArray[np.bool_])
        Each of shape (n_texts,). A leap second is the second after it; a year that int64 cannot
        hold gives the nearest number it can, which no rule of a table accepts.
    """
    n = len(texts)
    padded = b"".join(map(_padded, texts))
    symbols = np.frombuffer(padded, np.uint8).reshape(n, len(_FORM))
    form = np.frombuffer(_FORM, np.uint8)
    is_digit_place = form == ord("0")
    is_digit = (symbols >= ord("0")) & (symbols <= ord("9"))
    is_right = np.where(is_digit_place, is_digit, symbols == form)
    good = np.count_nonzero(is_right, axis=1) == len(_FORM)
    digits = np.where(good[:, None] & is_digit_place, symbols, ord("0")).astype(np.int64) - ord("0")

    def number(start: int, stop: int) -> NDArray[np.int64]:
        weights: NDArray[np.int64] = 10 ** np.arange(stop - start - 1, -1, -1, dtype=np.int64)
        return digits[:, start:stop] @ weights

    year, month, day = number(0, 4), number(4, 6), number(6, 8)
    hour, minute, second = number(9, 11), number(12, 14), number(15, 17)
    for name, part in (("hour", hour), ("minute", minute), ("second", second)):
        good &= part <= _LIMITS[name]
    good &= (month >= 1) & (month <= 12) & (day >= 1)
    months = np.where(good, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    first = months.astype("datetime64[D]")
    good &= day <= ((months + 1).astype("datetime64[D]") - first).astype(np.int64)
    days = first.astype(np.int64) + day - 1
    seconds = days * _SECONDS_PER_DAY + hour * 3_600 + minute * 60 + second
    fits = (year >= _YEARS[0]) & (year <= _YEARS[1])
    times = np.where(fits, seconds, 0) * NS_PER_SECOND + number(18, 27)
    bounds = np.iinfo(np.int64)
    beyond = np.where(year > _YEARS[1], bounds.max, bounds.min)
    return np.where(fits, times, beyond), good


def format_times(times_ns: NDArray[np.int64], n_digits: int) -> list[bytes]:
    """Return UTC timestamps with `n_digits` of fraction, 3, 6 or 9; finer digits are cut."""
    unit = {3: "ms", 6: "us", 9: "ns"}[n_digits]
    cut = times_ns.astype("datetime64[ns]").astype(f"datetime64[{unit}]")
    texts = np.datetime_as_string(cut).tolist()
    return [(text[:10].replace("-", "") + "-" + text[11:]).encode("ascii") for text in texts]


def _padded(text: bytes) -> bytes:
    if len(text) == _N_WITHOUT_FRACTION:
        return text + _FORM[_N_WITHOUT_FRACTION:]
    if len(text) == _N_WITHOUT_FRACTION + 1 or len(text) > len(_FORM):
        return b" " * len(_FORM)
    return text.ljust(len(_FORM), b"0")
