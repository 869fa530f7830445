"""What an instrument's numbers count: ticks of its price, lots of its family's smallest contract.

An instrument missing from the table makes a family of its own, with multiplier 1 and the finest
tick and lot that its orders show, never below 1e-9.
"""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from streams.errors import DatasetError

FINEST = 1e-9
"""Finest tick and lot of an instrument that is not listed."""
_LARGEST = float(2**62)


class InstrumentScales:
    """What each instrument's numbers mean: family, tick and lot, given or found.

    Parameters
    ----------
    instruments : pa.Table
        The contract's instruments table.
    shown : str
        Name of the orders' source in refusals.
    """

    def __init__(self, instruments: pa.Table, *, shown: str) -> None:
        self._shown = shown
        self._largest: dict[str, tuple[float, int]] = {}  # largest quantity and its row number
        self._listed = {row["instrument_id"]: row for row in instruments.to_pylist()}
        self._finest: dict[str, tuple[int, int]] = {}  # (tick, lot) in units of FINEST

    def note(self, names: list[str], rows: NDArray[np.void]) -> None:
        """Find the finest tick and lot seen of instruments without their own.

        Raises
        ------
        DatasetError
            If a value is too large to be counted in them.
        """
        for code in np.unique(rows["instrument"]):
            name = names[code]
            listed = self._listed.get(name, {})
            part = rows[rows["instrument"] == code]
            found = list(self._finest.get(name, (0, 0)))
            for i, (column, given) in enumerate((("price", "tick_size"), ("quantity", "lot_size"))):
                size = listed.get(given) or FINEST
                with np.errstate(over="ignore"):  # infinity is refused as too large below
                    counted = np.nan_to_num(part[column]) / size
                if counted.size and float(np.abs(counted).max()) >= _LARGEST:
                    worst = int(np.abs(counted).argmax())
                    name_of_column = "limit_price" if column == "price" else column
                    row = int(part["number"][worst])
                    raise self._too_large(name_of_column, size, row, float(part[column][worst]))
                if not listed.get(given):
                    steps = np.unique(rounded(np.abs(counted)))
                    found[i] = int(np.gcd.reduce(np.append(steps, found[i])))
            self._finest[name] = (found[0], found[1])
            largest = int(part["quantity"].argmax())
            here = (float(part["quantity"][largest]), int(part["number"][largest]))
            if name not in self._largest or here[0] > self._largest[name][0]:
                self._largest[name] = here

    def family(self, name: str) -> str:
        """Return the root of an instrument, its own name where none is given."""
        return self._listed.get(name, {}).get("family") or name

    def sizes(self, names: tuple[str, ...]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return (tick size, quantity of one family lot) of every instrument.

        Raises
        ------
        DatasetError
            If a quantity is too large to be counted in the lots of its family.
        """
        ticks, units, multipliers = [], [], []
        smallest: dict[str, float] = {}
        for name in names:
            listed = self._listed.get(name, {})
            tick, lot = self._finest.get(name, (0, 0))
            ticks.append(listed.get("tick_size") or max(tick, 1) * FINEST)
            units.append(listed.get("lot_size") or max(lot, 1) * FINEST)
            multipliers.append(listed.get("multiplier") or 1.0)
            contract = units[-1] * multipliers[-1]
            family = self.family(name)
            smallest[family] = min(smallest.get(family, contract), contract)
        lots = [
            smallest[self.family(name)] / multiplier
            for name, multiplier in zip(names, multipliers, strict=True)
        ]
        for name, family_lot in zip(names, lots, strict=True):
            quantity, row = self._largest.get(name, (0.0, 0))
            if quantity / family_lot >= _LARGEST:
                raise self._too_large("quantity", family_lot, row, quantity)
        return np.array(ticks), np.array(lots)

    def _too_large(self, column: str, size: float, row: int, value: float) -> DatasetError:
        rule = f"must be below {_LARGEST * size:g} to be counted in steps of {size:g}"
        return DatasetError(self._shown, rule, row + 1, column, str(value))


def rounded(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the nearest integers."""
    return np.rint(values).astype(np.int64)
