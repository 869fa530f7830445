"""Where a value stands on an axis, and which values get a tick.

Ticks are round numbers of what the axis measures: 1-2-5 steps for counts, powers of ten for lags,
calendar steps in UTC for times. Pure arithmetic, no rounding that depends on the platform.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from surveillance.web.formats import utc_time

_SECOND = 1_000_000_000
_MINUTE = 60 * _SECOND
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_TIME_STEPS_NS = (
    *(n * 1_000_000 for n in (1, 2, 5, 10, 20, 50, 100, 200, 500)),
    *(n * _SECOND for n in (1, 2, 5, 10, 15, 30)),
    *(n * _MINUTE for n in (1, 2, 5, 10, 15, 30)),
    *(n * _HOUR for n in (1, 2, 3, 6, 12)),
    *(n * _DAY for n in (1, 2, 5, 7, 14, 28, 91, 182, 365, 730, 1_825)),
)


@dataclass(frozen=True, slots=True)
class LinearScale:
    """Maps the interval [low, high] of values to [start, stop] in pixels."""

    low: float
    high: float
    start: float
    stop: float

    def at(self, value: float) -> float:
        """Return the pixel of a value; the middle when all values are equal."""
        span = self.high - self.low
        share = (value - self.low) / span if span else 0.5
        return self.start + share * (self.stop - self.start)


def count_ticks(top: float, n_wanted: int = 4) -> list[float]:
    """Return round values from 0 to at least `top`, in steps of 1, 2 or 5 times a power of ten."""
    return round_ticks(0.0, max(top, 1.0), n_wanted, whole=True)


def round_ticks(low: float, high: float, n_wanted: int, *, whole: bool = False) -> list[float]:
    """Return round values that enclose [low, high].

    Parameters
    ----------
    low, high : float
        The interval.
    n_wanted : int
        About how many steps.
    whole : bool
        Steps of at least 1.

    Returns
    -------
    list of float
        Rising, the first at or below `low`, the last at or above `high`.
    """
    span = max(high - low, abs(high) * 1e-9, 1e-12)
    raw = span / n_wanted
    power = 10.0 ** floor(log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw * 0.999)
    step = max(step, 1.0) if whole else step
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    return [round(i * step, 12) for i in range(first, max(last, first + 1) + 1)]


def time_ticks(first_ns: int, last_ns: int, n_wanted: int) -> list[tuple[int, str, str]]:
    """Return calendar ticks in UTC between two times.

    Parameters
    ----------
    first_ns, last_ns : int
        Ends of the axis, nanoseconds.
    n_wanted : int
        About how many ticks, at least 2.

    Returns
    -------
    list of (int, str, str)
        Time, label, and the date where it differs from the tick before (else empty).
    """
    span = max(last_ns - first_ns, 1_000_000)
    step = next((s for s in _TIME_STEPS_NS if span / s <= n_wanted), _TIME_STEPS_NS[-1])
    while span / step > 2 * n_wanted:
        step *= 10
    ticks: list[tuple[int, str, str]] = []
    date_before = ""
    for time_ns in range(-(-first_ns // step) * step, last_ns + 1, step):
        stamp = utc_time(time_ns, decimals=3)
        date = stamp[:10]
        if step >= _DAY:
            ticks.append((time_ns, date[5:] if span < 300 * _DAY else date, ""))
            continue
        clock = stamp[11:16] if step >= _MINUTE else stamp[11:19]
        clock = stamp[11:23] if step < _SECOND else clock
        ticks.append((time_ns, clock, date if date != date_before else ""))
        date_before = date
    return ticks


def lag_ticks(edges_ms: Sequence[float]) -> list[tuple[float, str]]:
    """Return powers of ten, one minute and two minutes inside the range of lag edges."""
    low, high = edges_ms[1], edges_ms[-1]
    candidates = [(10.0**k, _decade(k)) for k in range(-6, 5)]
    candidates += [(60_000.0, "1 min"), (120_000.0, "2 min")]
    return [(ms, text) for ms, text in candidates if low * 0.999 <= ms <= high * 1.001]


def _decade(exponent: int) -> str:
    if exponent >= 3:
        return f"{10 ** (exponent - 3)} s"
    return f"{10**exponent} ms" if exponent >= 0 else f"{10 ** (exponent + 3)} µs"
