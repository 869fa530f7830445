"""Profit, loss and slippage of an account, in whole cents.

An instrument's line holds the lots and the money that went for them, in ticks; what it is worth is
that money and the lots at the last price. So profit needs no cost basis and is exact: closed and
open together, less fees. Cents are rounded once, at the end.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from streams.copier.instruments import Instrument


class Line:
    """One account's business in one instrument.

    Attributes
    ----------
    lots : int
        The position, signed.
    cash_ticks : int
        Ticks received less ticks paid, times lots.
    """

    __slots__ = ("cash_ticks", "instrument", "lots", "tick_value")

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.tick_value = instrument.tick_value_cents
        self.lots = 0
        self.cash_ticks = 0

    def profit_ticks(self, mark_ticks: int) -> int:
        """Return profit before fees at a price, in ticks times lots."""
        return self.cash_ticks + self.lots * mark_ticks


@dataclass(frozen=True, slots=True)
class Slippage:
    """What followers' fills cost more than the leader's; below 0 they were better.

    Attributes
    ----------
    lots : int
        Filled lots that have a fill of the leader to compare with.
    lot_ticks : int
        Ticks times lots, summed.
    cents : int
        The same in money.
    """

    lots: int = 0
    lot_ticks: int = 0
    cents: int = 0


class Ledger:
    """All fills of one account, and what they are worth.

    Parameters
    ----------
    instruments : mapping of str to Instrument
        What is known about instruments; another has lots but no value.
    marks : mapping of str to int
        Last price of each instrument in ticks, shared by all ledgers.
    commission_cents : int
        What the account pays for each lot filled, beside the exchange's fee.
    """

    __slots__ = ("_commission_cents", "_instruments", "_marks", "_slips", "fees_cents", "lines")

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        marks: Mapping[str, int],
        *,
        commission_cents: int = 0,
    ) -> None:
        self._instruments = instruments
        self._marks = marks
        self._commission_cents = commission_cents
        self._slips: dict[str, list[int]] = {}
        self.lines: dict[str, Line] = {}
        self.fees_cents = 0

    def line(self, instrument_id: str) -> Line:
        """Return the line of an instrument; a new one is empty."""
        found = self.lines.get(instrument_id)
        if found is None:
            instrument = self._instruments.get(instrument_id) or Instrument(instrument_id)
            found = self.lines[instrument_id] = Line(instrument)
        return found

    def book(self, instrument_id: str, signed_lots: int, price_ticks: int) -> None:
        """Take a fill: lots signed by side, at a price in ticks."""
        line = self.line(instrument_id)
        line.lots += signed_lots
        line.cash_ticks -= signed_lots * price_ticks
        fee = line.instrument.exchange_fee_cents + self._commission_cents
        self.fees_cents += abs(signed_lots) * fee

    def compare(self, instrument_id: str, signed_lots: int, ticks: int) -> None:
        """Take note of a fill so many ticks above the leader's; buying higher is worse."""
        slips = self._slips.setdefault(instrument_id, [0, 0])
        slips[0] += abs(signed_lots)
        slips[1] += signed_lots * ticks

    def profit_cents(self) -> int:
        """Return profit at the last prices, closed and open, less fees."""
        cents = 0
        rest = Fraction()  # of ticks that are no whole cents
        for name, line in self.lines.items():
            ticks = line.profit_ticks(self._marks.get(name, 0))
            if line.tick_value.denominator == 1:
                cents += ticks * line.tick_value.numerator
            else:
                rest += ticks * line.tick_value
        return cents + round(rest) - self.fees_cents

    def open_lots(self) -> dict[str, int]:
        """Return the open contracts of each instrument, long or short."""
        return {name: abs(line.lots) for name, line in self.lines.items() if line.lots}

    def slippage(self) -> Slippage:
        """Return the slippage of all fills."""
        lots = sum(n for n, _ in self._slips.values())
        ticks = sum(n for _, n in self._slips.values())
        value = sum((t * self.line(i).tick_value for i, (_, t) in self._slips.items()), Fraction())
        return Slippage(lots, ticks, round(value))

    def snapshot(self) -> dict[str, Any]:
        """Return the state as plain JSON types."""
        return {
            "lines": {name: [line.lots, line.cash_ticks] for name, line in self.lines.items()},
            "fees_cents": self.fees_cents,
            "slips": {name: list(slips) for name, slips in self._slips.items()},
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Go back to a state that `snapshot` returned; lines in use stay the same objects."""
        for line in self.lines.values():
            line.lots = line.cash_ticks = 0
        for name, (lots, cash_ticks) in snapshot["lines"].items():
            line = self.line(name)
            line.lots, line.cash_ticks = lots, cash_ticks
        self.fees_cents = snapshot["fees_cents"]
        self._slips = {name: list(slips) for name, slips in snapshot["slips"].items()}


def contract_cost_cents(instrument: Instrument, mark_ticks: int | None) -> Fraction | None:
    """Return what one open contract costs: its margin, else its value at a price in ticks."""
    if instrument.margin_cents is not None:
        return Fraction(instrument.margin_cents)
    if not instrument.is_valued or mark_ticks is None:
        return None
    return abs(mark_ticks) * instrument.tick_value_cents
