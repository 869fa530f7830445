"""The instruments of the simulated venue: twelve futures families, four with a micro contract.

Quantities across a family count its smallest contract: one ES is ten MES.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from streams.simulator.laws import Floats, Ints
from streams.tables import INSTRUMENT_SCHEMA

MICRO_PER_MINI = 10


@dataclass(frozen=True, slots=True)
class Family:
    """A family: its root contract, its micro if it has one, and how it trades.

    `volatility_ticks` is the standard deviation of the price over one second; `popularity` the
    relative share of decisions that go to the family.
    """

    root: str
    micro: str | None
    multiplier: float
    tick_size: float
    exchange_fee: float
    start_price: float
    volatility_ticks: float
    popularity: float


FAMILIES = (
    Family("ES", "MES", 50.0, 0.25, 1.40, 6480.0, 0.55, 24.0),
    Family("NQ", "MNQ", 20.0, 0.25, 1.40, 23650.0, 1.90, 22.0),
    Family("CL", "MCL", 1000.0, 0.01, 1.60, 66.40, 0.60, 12.0),
    Family("GC", "MGC", 100.0, 0.10, 1.60, 3410.0, 0.80, 12.0),
    Family("YM", None, 5.0, 1.0, 1.40, 45300.0, 0.70, 6.0),
    Family("ZN", None, 1000.0, 0.015625, 0.90, 112.5, 0.25, 5.0),
    Family("ZB", None, 1000.0, 0.03125, 0.95, 118.0, 0.30, 3.0),
    Family("6E", None, 125000.0, 0.00005, 1.60, 1.1720, 0.35, 5.0),
    Family("6J", None, 12500000.0, 0.0000005, 1.60, 0.0067850, 0.35, 3.0),
    Family("SI", None, 5000.0, 0.005, 1.60, 41.20, 0.60, 3.0),
    Family("NG", None, 10000.0, 0.001, 1.60, 3.050, 0.70, 3.0),
    Family("ZC", None, 50.0, 0.25, 2.10, 405.0, 0.25, 2.0),
)


@dataclass(frozen=True, slots=True)
class Instruments:
    """Columns of the instruments, one row each; the root stands at `root[family]`.

    `unit` is the contract's size in the family's smallest contract, `micro[family]` the row of
    the micro, or of the root where there is none.
    """

    ids: tuple[str, ...]
    family: Ints
    unit: Ints
    tick_size: Floats
    root: Ints
    micro: Ints


def build_instruments() -> Instruments:
    """Columns of every instrument of `FAMILIES`, in its order, a micro after its root."""
    ids: list[str] = []
    family: list[int] = []
    unit: list[int] = []
    root: list[int] = []
    micro: list[int] = []
    for row, spec in enumerate(FAMILIES):
        root.append(len(ids))
        ids.append(spec.root)
        family.append(row)
        unit.append(1 if spec.micro is None else MICRO_PER_MINI)
        if spec.micro is not None:
            ids.append(spec.micro)
            family.append(row)
            unit.append(1)
        micro.append(len(ids) - 1)
    families = np.array(family, dtype=np.int64)
    ticks = np.array([spec.tick_size for spec in FAMILIES])
    return Instruments(
        ids=tuple(ids),
        family=families,
        unit=np.array(unit, dtype=np.int64),
        tick_size=ticks[families],
        root=np.array(root, dtype=np.int64),
        micro=np.array(micro, dtype=np.int64),
    )


def instruments_table() -> pa.Table:
    """Instruments as the data contract's table of that name."""
    rows = [
        {
            "instrument_id": instrument_id,
            "family": spec.root,
            "multiplier": multiplier,
            "tick_size": spec.tick_size,
            "lot_size": 1.0,
            "currency": "USD",
            "exchange_fee": fee,
        }
        for spec in FAMILIES
        for instrument_id, multiplier, fee in (
            (spec.root, spec.multiplier, spec.exchange_fee),
            (spec.micro, spec.multiplier / MICRO_PER_MINI, round(spec.exchange_fee / 4, 2)),
        )
        if instrument_id is not None
    ]
    return pa.Table.from_pylist(rows, schema=INSTRUMENT_SCHEMA)
