"""What an instrument's numbers count: ticks of its price, lots of its family's smallest contract.

An instrument missing from the table makes a family of its own, with multiplier 1 and the finest
tick and lot that its orders show, never below 1e-9.
"""

import math
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from streams.errors import DatasetError

FINEST = 1e-9
"""Finest tick and lot of an instrument that is not listed."""
_LARGEST = float(2**62)
MAX_NUMBER = _LARGEST * FINEST
"""Prices and quantities below it can be counted whatever the finest tick and lot turn out."""
_EXACT = 4.0e18  # counted in FINEST, what 64 bits can hold
_UNITS = round(1.0 / FINEST)


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
        self._listed = {row["instrument_id"]: row for row in instruments.to_pylist()}
        self._finest: dict[tuple[str, str], int] = {}  # by name and column, in units of FINEST
        self._largest: dict[tuple[str, str], tuple[float, int]] = {}  # value and its row number

    def list_anew(self, instruments: pa.Table) -> None:
        """Replace what is given; what was found of instruments that lack it stays."""
        self._listed = {row["instrument_id"]: row for row in instruments.to_pylist()}

    def note(self, names: list[str], rows: NDArray[np.void]) -> None:
        """Find the finest tick and lot seen of instruments without their own."""
        if rows.size == 0:
            return
        order = np.argsort(rows["instrument"], kind="stable")
        codes, first = np.unique(rows["instrument"][order], return_index=True)
        parts = list(zip(codes.tolist(), first, [*first[1:], order.size], strict=True))
        number = rows["number"][order]
        for column, given in (("price", "tick_size"), ("quantity", "lot_size")):
            signed = np.nan_to_num(rows[column][order])
            for code, start, end in parts:
                here = names[code], column
                values = np.abs(signed[start:end])
                worst = start + int(values.argmax())
                found = (float(signed[worst]), int(number[worst]))
                self._largest[here] = max(self._largest.get(here, found), found, key=_magnitude)
                if not self._listed.get(names[code], {}).get(given):
                    step = _finest_step(np.unique(values))
                    self._finest[here] = math.gcd(self._finest.get(here, 0), step)

    def snapshot(self) -> dict[str, Any]:
        """Return what was found, as plain JSON types; what is given is not part of it."""
        return {
            "finest": [[*key, step] for key, step in self._finest.items()],
            "largest": [[*key, *found] for key, found in self._largest.items()],
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Go back to what `snapshot` returned."""
        self._finest = {(name, column): step for name, column, step in snapshot["finest"]}
        self._largest = {
            (name, column): (value, row) for name, column, value, row in snapshot["largest"]
        }

    def family(self, name: str) -> str:
        """Return the root of an instrument, its own name where none is given."""
        return self._listed.get(name, {}).get("family") or name

    def sizes(self, names: tuple[str, ...]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return (tick size, quantity of one family lot) of every instrument.

        Raises
        ------
        DatasetError
            If a price or quantity is too large to be counted in them.
        """
        ticks, units, multipliers = [], [], []
        smallest: dict[str, float] = {}
        for name in names:
            listed = self._listed.get(name, {})
            tick, lot = (max(self._finest.get((name, c), 0), 1) for c in ("price", "quantity"))
            ticks.append(listed.get("tick_size") or tick * FINEST)
            units.append(listed.get("lot_size") or lot * FINEST)
            multipliers.append(listed.get("multiplier") or 1.0)
            contract = units[-1] * multipliers[-1]
            family = self.family(name)
            smallest[family] = min(smallest.get(family, contract), contract)
        lots = [
            smallest[self.family(name)] / multiplier
            for name, multiplier in zip(names, multipliers, strict=True)
        ]
        for name, tick_size, family_lot in zip(names, ticks, lots, strict=True):
            self._refuse_large(name, "price", tick_size)
            self._refuse_large(name, "quantity", family_lot)
        return np.array(ticks), np.array(lots)

    def _refuse_large(self, name: str, column: str, size: float) -> None:
        value, row = self._largest.get((name, column), (0.0, 0))
        if abs(value) / size >= _LARGEST:
            shown = "limit_price" if column == "price" else column
            raise self._too_large(shown, size, row, value)

    def _too_large(self, column: str, size: float, row: int, value: float) -> DatasetError:
        rule = f"must be below {_LARGEST * size:g} to be counted in steps of {size:g}"
        return DatasetError(self._shown, rule, row + 1, column, str(value))


def _magnitude(found: tuple[float, int]) -> float:
    return abs(found[0])


def _finest_step(values: NDArray[np.float64]) -> int:
    """Return the greatest common divisor of the values, counted in FINEST; 0 for zeros only."""
    small = values < _EXACT * FINEST
    step = int(np.gcd.reduce(rounded(values[small] / FINEST))) if small.any() else 0
    for value in values[~small]:  # beyond 64 bits: whole units, and a fraction
        whole = int(value)
        fraction = round((float(value) - whole) / FINEST)
        step = math.gcd(step, whole * _UNITS + fraction)
    return step


def rounded(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the nearest integers."""
    return np.rint(values).astype(np.int64)
