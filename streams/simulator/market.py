"""The market that simulated traders meet: trading days, activity, news and a price path.

Trading runs from 13:30 to 20:00 UTC, Monday to Friday. Prices live in ticks on a grid of one
second; nothing trades outside a day. Everybody sees the same market, drawn before any trader.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
from numpy.random import Generator

from streams.simulator.cascades import Cascades, draw_cascades, no_cascades
from streams.simulator.instruments import FAMILIES, Instruments, build_instruments
from streams.simulator.laws import (
    NS_PER_SECOND,
    Flags,
    Floats,
    Ints,
    draw_counts,
)
from streams.simulator.market_laws import USUAL_MARKET, MarketLaws

FIRST_DAY = date(2024, 1, 8)
OPEN_SECOND = (13 * 60 + 30) * 60
DAY_SECONDS = 6 * 3600 + 1800
DAY_NS = DAY_SECONDS * NS_PER_SECOND
LOWEST_PRICE_TICKS = 100


@dataclass(frozen=True, slots=True)
class News:
    """Columns of the news: when, which family, and the direction it moved the price."""

    time_ns: Ints
    family: Ints
    direction: Ints


@dataclass(frozen=True, slots=True)
class Market:
    """Everything traders can see. Build it with `draw_market`."""

    instruments: Instruments
    open_ns: Ints
    news: News
    activity: Floats
    path_ticks: Ints
    cascades: Cascades

    @property
    def n_days(self) -> int:
        """Trading days."""
        return len(self.open_ns)

    def day_of(self, time_ns: Ints) -> Ints:
        """Row of the trading day that each time falls in."""
        return np.searchsorted(self.open_ns, time_ns, side="right").astype(np.int64) - 1

    def close_ns(self, day: Ints) -> Ints:
        """Close of each given day: nothing trades at it or after it."""
        close: Ints = self.open_ns[day] + DAY_NS
        return close

    def draw_times(self, day: Ints, rng: Generator) -> Ints:
        """Draw one time in each given day, as often as the market is active then."""
        uniform = rng.random(len(day))
        seconds = np.zeros(len(day))
        grid = np.arange(DAY_SECONDS + 1, dtype=np.float64)
        for row in range(self.n_days):
            here = day == row
            seconds[here] = np.interp(uniform[here], self.activity[row], grid)
        return self.fold(day, self.open_ns[day] + (seconds * NS_PER_SECOND).astype(np.int64))

    def fold(self, day: Ints, time_ns: Ints) -> Ints:
        """Mirror times that fall outside their day back into it."""
        offset = np.abs(time_ns - self.open_ns[day]) % (2 * DAY_NS)
        offset = np.where(offset >= DAY_NS, 2 * DAY_NS - 1 - offset, offset)
        folded: Ints = self.open_ns[day] + offset
        return folded

    def is_open(self, time_ns: Ints) -> Flags:
        """Whether the venue trades at each time."""
        day = self.day_of(time_ns)
        return (day >= 0) & (time_ns < self.open_ns[np.maximum(day, 0)] + DAY_NS)

    def price_ticks(self, instrument: Ints, time_ns: Ints) -> Ints:
        """Price of each instrument at each time, in ticks."""
        day = self.day_of(time_ns)
        second = np.clip((time_ns - self.open_ns[day]) // NS_PER_SECOND, 0, DAY_SECONDS - 1)
        family = self.instruments.family[instrument]
        price: Ints = self.path_ticks[family, day * DAY_SECONDS + second]
        return price


def draw_market(
    n_days: int,
    rng: Generator,
    laws: MarketLaws = USUAL_MARKET,
    cascade_rng: Generator | None = None,
) -> Market:
    """Draw the market of `n_days` trading days from the first Monday on.

    Parameters
    ----------
    n_days : int
        Trading days, at least 1.
    rng : Generator
        The source of randomness of all but the cascades.
    laws : MarketLaws
        What the market is like.
    cascade_rng : Generator, optional
        The cascades' own source of randomness; without it there are none.

    Returns
    -------
    Market
        Laws with other cascades leave all else as it is, but for the prices after them.
    """
    open_ns = _open_times(n_days)
    news = _draw_news(open_ns, laws, rng)
    path = _draw_path(open_ns, news, laws, rng)
    cascades = no_cascades()
    if laws.cascades is not None and cascade_rng is not None:
        cascades, added = draw_cascades(laws.cascades, n_days, DAY_SECONDS, cascade_rng)
        path += np.rint(added).astype(np.int64)
    return Market(
        instruments=build_instruments(),
        open_ns=open_ns,
        news=news,
        activity=_activity(open_ns, news, laws),
        path_ticks=np.maximum(path, LOWEST_PRICE_TICKS),
        cascades=cascades,
    )


def _open_times(n_days: int) -> Ints:
    days: list[date] = []
    day = FIRST_DAY
    while len(days) < n_days:
        if day.weekday() < 5:
            days.append(day)
        day += timedelta(days=1)
    midnights = [int(datetime(d.year, d.month, d.day, tzinfo=UTC).timestamp()) for d in days]
    return (np.array(midnights, dtype=np.int64) + OPEN_SECOND) * NS_PER_SECOND


def _draw_news(open_ns: Ints, laws: MarketLaws, rng: Generator) -> News:
    times: list[Ints] = []
    families: list[Ints] = []
    all_families = np.arange(len(FAMILIES), dtype=np.int64)
    for start in open_ns:
        n_shared = draw_counts(laws.shared_news_a_day, rng, 1)[0]
        minutes = rng.integers(5, DAY_SECONDS // 60 - 15, n_shared)
        delays = rng.integers(0, NS_PER_SECOND // 2, len(minutes))
        for time_ns in start + minutes * 60 * NS_PER_SECOND + delays:
            times.append(np.full(len(FAMILIES), time_ns, dtype=np.int64))
            families.append(all_families)
        own = np.repeat(all_families, draw_counts(laws.family_news_a_day, rng, len(FAMILIES)))
        times.append(
            start + rng.integers(60 * NS_PER_SECOND, DAY_NS - 600 * NS_PER_SECOND, len(own))
        )
        families.append(own)
    time_ns = np.concatenate(times)
    family = np.concatenate(families)
    order = np.lexsort((family, time_ns))
    direction = rng.integers(0, 2, len(time_ns)) * 2 - 1
    return News(time_ns[order], family[order], direction)


def _activity(open_ns: Ints, news: News, laws: MarketLaws) -> Floats:
    """Cumulative activity over the seconds of each day, shape (n_days, seconds + 1), 0 to 1."""
    second = np.arange(DAY_SECONDS, dtype=np.float64)
    shape = laws.day_shape.level(second / DAY_SECONDS)
    rows = []
    for start in open_ns:
        level = shape.copy()
        times, families = np.unique(news.time_ns, return_counts=True)
        for time_ns in times[families > 1]:
            since = second - (time_ns - start) / NS_PER_SECOND
            after = since >= 0
            level[after] += laws.news_boost * np.exp(-since[after] / laws.news_boost_decay_s)
        total = np.cumsum(level)
        rows.append(np.r_[0.0, total / total[-1]])
    return np.array(rows)


def _draw_path(open_ns: Ints, news: News, laws: MarketLaws, rng: Generator) -> Ints:
    n_seconds = len(open_ns) * DAY_SECONDS
    path = np.zeros((len(FAMILIES), n_seconds), dtype=np.int64)
    day = np.searchsorted(open_ns, news.time_ns, side="right") - 1
    second = day * DAY_SECONDS + (news.time_ns - open_ns[day]) // NS_PER_SECOND
    jump = laws.news_jump_s.draw(rng, len(news.time_ns)) * news.direction
    for row, spec in enumerate(FAMILIES):
        steps = _draw_steps(n_seconds, laws, rng)
        here = news.family == row
        np.add.at(steps, second[here], jump[here])
        start = round(spec.start_price / spec.tick_size)
        path[row] = start + np.rint(np.cumsum(steps) * spec.volatility_ticks).astype(np.int64)
    return path


def _draw_steps(n: int, laws: MarketLaws, rng: Generator) -> Floats:
    """Draw the steps of the price over one second, of standard deviation 1."""
    degrees = laws.step_degrees
    if degrees is None:
        return rng.standard_normal(n)
    steps: Floats = rng.standard_t(degrees, n) * np.sqrt((degrees - 2) / degrees)
    return steps
