"""What a contract is worth: the figures of an instrument that copying and money need."""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Instrument:
    """One instrument; without multiplier or tick size it has no value in money.

    Parameters
    ----------
    instrument_id : str
        What it is called.
    family : str
        The root it shares with its micro; its own id where there is none.
    multiplier : float or None
        Money for a price change of 1, in dollars.
    tick_size : float or None
        Smallest change of price.
    exchange_fee_cents : int
        Fee of the exchange for one contract filled.
    margin_cents : int or None
        What one open contract costs; its full value where it is not known.
    """

    instrument_id: str
    family: str = ""
    multiplier: float | None = None
    tick_size: float | None = None
    exchange_fee_cents: int = 0
    margin_cents: int | None = None

    @property
    def family_id(self) -> str:
        """Return the family, an instrument's own where none is stated."""
        return self.family or self.instrument_id

    @property
    def is_valued(self) -> bool:
        """Whether its prices can be turned into money."""
        return bool(self.multiplier) and bool(self.tick_size)

    @property
    def tick_value_cents(self) -> Fraction:
        """Return what one tick of one contract is worth, exactly: a ZN tick is 1562.5 cents."""
        if not self.multiplier or not self.tick_size:
            return Fraction(0)
        return Fraction(str(self.multiplier)) * Fraction(str(self.tick_size)) * 100

    def ticks(self, price: float) -> int:
        """Return a price in ticks, the nearest one; 0 where there is no tick size."""
        return round(price / self.tick_size) if self.tick_size else 0
