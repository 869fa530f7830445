"""Numbers, times and lags as a person reads them.

Every number leaves here with its unit or with a name that carries it; times are UTC. The same
value always gives the same text, so that pages and reports can be compared byte by byte.
"""

from datetime import UTC, datetime
from math import isfinite

_NS_PER_S = 1_000_000_000
MISSING = "–"

_NAMES = {
    "freeze_review": "review for a freeze",
    "log10_e": "log10 E",
    "threshold_log10_e": "log10 E needed",
    "chance_groups_per_year": "by chance a year, at most",
    "lead": "first",
    "ip": "address",
}
_SHARES = frozenset({"coverage", "fidelity", "quiet_fidelity"})
_UNITS = (
    ("_ms", "ms"),
    ("_ns", "ns"),
    ("_s", "s"),
    ("_bits", "bits"),
    ("_share", "share"),
    ("_lots", "lots"),
)


def utc_time(time_ns: int, *, decimals: int = 0) -> str:
    """Return a UTC time as `2026-11-21 09:12:03`, cut (never rounded up) at `decimals` digits.

    Parameters
    ----------
    time_ns : int
        Nanoseconds since 1970.
    decimals : int
        Digits of the second to show, 0 to 9.

    Returns
    -------
    str
        The date and the time of day, or the bare number where no calendar date exists.

    Examples
    --------
    >>> utc_time(1_500_000_000, decimals=3)
    '1970-01-01 00:00:01.500'
    """
    seconds, rest = divmod(time_ns, _NS_PER_S)
    try:
        text = datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, ValueError, OSError):
        return f"{time_ns} ns"
    return f"{text}.{rest:09d}"[: 20 + decimals] if decimals else text


def utc_clock(time_ns: int, *, decimals: int = 3) -> str:
    """Return the time of day alone, `09:12:03.412`."""
    return utc_time(time_ns, decimals=decimals)[11:]


def utc_date(time_ns: int) -> str:
    """Return the UTC date alone, `2026-11-21`."""
    return utc_time(time_ns)[:10]


def utc_minute(time_ns: int) -> str:
    """Return date and time to the minute, `2026-11-21 09:12`."""
    return utc_time(time_ns)[:16]


def lag(value_ms: float | None) -> str:
    """Return a lag with the unit that keeps it short.

    Examples
    --------
    >>> lag(0.0147), lag(0.25), lag(412.0), lag(3_140.0), lag(90_000.0)
    ('15 µs', '0.25 ms', '412 ms', '3.14 s', '90 s')
    """
    if value_ms is None or not isfinite(value_ms):
        return MISSING
    size = abs(value_ms)
    if 0 < size < 0.1:
        return f"{_trimmed(value_ms * 1_000, 1 if size < 0.01 else 0)} µs"
    if size < 10:
        return f"{_trimmed(value_ms, 2)} ms"
    if size < 1_000:
        return f"{value_ms:.0f} ms"
    if size < 10_000:
        return f"{_trimmed(value_ms / 1_000, 2)} s"
    return f"{_trimmed(value_ms / 1_000, 1)} s"


def count(value: float | None) -> str:
    """Return a whole number with thousands separated by commas."""
    return MISSING if value is None else f"{value:,.0f}"


def quantity(value: float | None) -> str:
    """Return a quantity or price with every digit that matters and thousands separated."""
    if value is None or not isfinite(value):
        return MISSING
    if abs(value) >= 1e15 or (value != 0 and abs(value) < 1e-9):
        return f"{value:.6g}"
    return _trimmed(value, 9, separated=True)


def money(cents: int | None) -> str:
    """Return an amount in dollars.

    Examples
    --------
    >>> money(123_456), money(-5)
    ('$1,234.56', '-$0.05')
    """
    if cents is None:
        return MISSING
    dollars, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}${dollars:,}.{rest:02d}"


def span(span_ns: int) -> str:
    """Return a length of time in its largest unit, cut; nothing is shorter than none.

    Examples
    --------
    >>> span(900_000_000), span(75_000_000_000), span(-1)
    ('0 s', '1 min', '0 s')
    """
    seconds = max(span_ns, 0) // _NS_PER_S
    for unit, length_s in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length_s:
            return f"{seconds // length_s} {unit}"
    return f"{seconds} s"


def bits(value: float | None) -> str:
    """Return the weight of a tie in bits, one digit after the point."""
    return MISSING if value is None or not isfinite(value) else f"{value:.1f}"


def price(value: float | None, decimals: int) -> str:
    """Return a price with a fixed number of decimals, thousands separated."""
    return MISSING if value is None or not isfinite(value) else f"{value:,.{decimals}f}"


def n_decimals(value: float) -> int:
    """Return how many decimals a value needs, at most 9."""
    text = _trimmed(value, 9) if isfinite(value) else ""
    return len(text.partition(".")[2])


def ratio(value: float | None) -> str:
    """Return an allocation ratio with two decimals, more only where it is very small."""
    if value is None or not isfinite(value):
        return MISSING
    return f"{value:.2g}" if 0 < abs(value) < 0.005 else f"{value:.2f}"


def percent(value: float | None) -> str:
    """Return a share of one as a percentage; only all is 100% and only nothing is 0%."""
    if value is None or not isfinite(value):
        return MISSING
    if value in {0.0, 1.0}:
        return f"{value * 100:.0f}%"
    scaled = round(value * 100, 1)
    if 0 < value < 1:
        scaled = min(max(scaled, 0.1), 99.9)
    return f"{scaled:.1f}%"


def evidence(value: float | None) -> str:
    """Return a log10 evidence with one digit after the point."""
    return MISSING if value is None or not isfinite(value) else f"{value:.1f}"


def small(value: float | None) -> str:
    """Return an expected count: short, but never zero where it is not."""
    if value is None or not isfinite(value):
        return MISSING
    if value == 0:
        return "0"
    if abs(value) < 0.01:
        return f"{value:.1g}"
    decimals = 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    return _trimmed(value, decimals, separated=True)


def words(name: str) -> str:
    """Return a code name as words: `undeclared_own_accounts` becomes `undeclared own accounts`."""
    return _NAMES.get(name) or name.replace("_", " ")


def plural(n: int, noun: str) -> str:
    """Return a count with its noun: `1 account`, `2 accounts`."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def quantity_of(name: str, value: object) -> tuple[str, str]:
    """Return the label and the text, with its unit, of a named number of a reason.

    The unit comes from the end of the name, the way every name in the findings carries it.

    Examples
    --------
    >>> quantity_of("lag_median_ms", 412.0)
    ('lag median', '412 ms')
    """
    if name in _SHARES and isinstance(value, int | float):
        return words(name), percent(float(value))
    for suffix, unit in _UNITS:
        if name.endswith(suffix) and isinstance(value, int | float):
            label = words(name[: -len(suffix)])
            if unit == "ms":
                return label, lag(float(value))
            if unit == "s":
                return label, lag(float(value) * 1_000)
            if unit == "share":
                return label, percent(float(value))
            return label, f"{_number(value)} {unit}"
    return words(name), _number(value)


def _number(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        if not isfinite(value):
            return str(value)
        return f"{value:.3g}" if 0 < abs(value) < 0.001 else _trimmed(value, 3, separated=True)
    return str(value)


def _trimmed(value: float, decimals: int, *, separated: bool = False) -> str:
    text = f"{value:,.{decimals}f}" if separated else f"{value:.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text
