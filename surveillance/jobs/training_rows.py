"""Rows to fit the classifier on: groups found in simulated markets, labeled by the answer key.

The detector sees the orders as in any run; the key is read after it is done. Each group is looked
at again with records thinned out at random, since venues know less than a simulator does.
"""

import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.random import Generator

from models.group_row import group_row
from models.linkage import Linkage
from models.params import DAY_NS, DetectionParams
from streams.files import Dataset, write_dataset
from streams.simulator import simulate
from surveillance.findings import VerdictName
from surveillance.jobs.answer_key import AnswerKey
from surveillance.jobs.calibration import planted_in, right_verdict
from surveillance.jobs.measuring import MarketPlan
from surveillance.pipeline.describing import ShownGroup, look_up, show_groups
from surveillance.pipeline.encoded import EncodedOrders
from surveillance.pipeline.reference import AccountBook, AccountRecords, ReferenceData
from surveillance.pipeline.runner import scan


@dataclass(frozen=True, slots=True)
class LabeledRow:
    """One group as seen with some records, and what it is.

    Rows of one `origin` (a market, a disposition) never help to judge one another. `kind` says what
    the simulator planted there: it cuts folds and is no feature. `is_whole` where no record was
    left out.
    """

    features: dict[str, float | None]
    verdict: VerdictName
    origin: str
    kind: str
    weight: float
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class _Labeled:
    shown: ShownGroup
    right: VerdictName
    kind: str


@dataclass(frozen=True, slots=True)
class Records:
    """Share of each kind of record that is kept."""

    owners: float = 1.0
    identities: float = 1.0
    sessions: float = 1.0
    declarations: float = 1.0
    operators: float = 1.0


ALL_RECORDS = Records()
THINNED = (
    Records(owners=0.0),
    Records(owners=0.5),
    Records(owners=0.0, identities=0.0, declarations=0.0),
    Records(sessions=0.0, operators=0.0),
    Records(0.5, 0.5, 0.5, 0.5, 0.5),
    Records(0.0, 0.0, 0.0, 0.0, 0.0),
)
"""What little may be known: no owners, some, sessions only, accounts only, half of all, nothing."""


def rows_of_market(market: MarketPlan, params: DetectionParams) -> list[LabeledRow]:
    """Simulate a market, find its groups and label them.

    Groups of several planted ones without a majority are left out; groups that identical orders
    alone made have no row.

    Parameters
    ----------
    market : MarketPlan
        What to simulate; its seed also thins the records.
    params : DetectionParams
        Thresholds.

    Raises
    ------
    StreamError
        If the simulator refuses an argument.
    """
    simulated = simulate(
        market.scenario, n_accounts=market.n_accounts, n_days=market.n_days, seed=market.seed
    )
    end_ns = int(np.max(simulated.tables["orders"]["event_time_ns"].to_numpy()))
    key = AnswerKey.from_json(simulated.answer_key)
    with tempfile.TemporaryDirectory(prefix="train-") as directory:
        write_dataset(directory, simulated.tables)
        del simulated
        dataset = Dataset.open(Path(directory))
        result = scan(
            dataset,
            params=params,
            now_ns=end_ns,
            finished_ns=lambda: end_ns,
            known_groups={},
            name=market.scenario,
        )
        tables = ReferenceData(
            *(
                dataset.table(name, latest_time_ns=end_ns + DAY_NS)
                for name in ("accounts", "sessions", "declarations", "instruments")
            )
        )
    labeled = [
        _Labeled(shown, right, _kind_of(frozenset(shown.ids), key))
        for shown in show_groups(result.evidence, result.orders, params)
        if (right := right_verdict(frozenset(shown.ids), key)) is not None
    ]
    rng = np.random.default_rng([market.seed, len(labeled)])
    origin = f"{market.scenario} {market.seed}"
    rows = []
    for kept in (ALL_RECORDS, *THINNED):
        is_whole = kept == ALL_RECORDS
        weight = 1.0 if is_whole else params.classifier.thinned_weight
        book = _book(tables, result.orders, kept, rng)
        linkage = Linkage(book.sightings(), params.linkage)
        for group in labeled:
            row = group_row(
                look_up(group.shown, result.evidence, result.orders, book, linkage, params).facts
            )
            rows.append(LabeledRow(row, group.right, origin, group.kind, weight, is_whole))
    return rows


def _kind_of(members: frozenset[str], key: AnswerKey) -> str:
    """Return the planted kind, or the honest kind of most members; ties fall to the first name."""
    planted = planted_in(members, key)
    if planted is not None:
        return planted.kind
    kinds = Counter(key.honest_kind[account] for account in members if account in key.honest_kind)
    return min(kinds, key=lambda kind: (-kinds[kind], kind), default="")


def _book(
    tables: ReferenceData, orders: EncodedOrders, kept: Records, rng: Generator
) -> AccountBook:
    """Return the account book of a venue that has only some of the records."""
    entered = sorted(orders.operators)
    stay = rng.random(len(entered)) < kept.operators
    operators = [pair for pair, stays in zip(entered, stay, strict=True) if stays]
    return AccountBook(
        AccountRecords(_thinned(tables, kept, rng)), orders.accounts, operators, orders.firm_of
    )


def _thinned(tables: ReferenceData, kept: Records, rng: Generator) -> ReferenceData:
    """Return the tables with records left out account by account, one declaration at a time."""
    if kept == ALL_RECORDS:
        return tables
    accounts = tables.accounts
    for column, share in (
        ("owner_id", kept.owners),
        ("email_hash", kept.identities),
        ("payment_hash", kept.identities),
    ):
        stay = pa.array(rng.random(accounts.num_rows) < share)
        values = pc.if_else(stay, accounts[column], None)
        at = accounts.schema.get_field_index(column)
        accounts = accounts.set_column(at, accounts.schema.field(at), values)
    ids = tables.sessions["account_id"]
    seen = pc.unique(ids).sort()
    watched = seen.filter(pa.array(rng.random(len(seen)) < kept.sessions))
    filed = tables.declarations["declaration_id"]
    all_filed = pc.unique(filed).sort()
    known = all_filed.filter(pa.array(rng.random(len(all_filed)) < kept.declarations))
    return ReferenceData(
        accounts,
        tables.sessions.filter(pc.is_in(ids, watched)),
        tables.declarations.filter(pc.is_in(filed, known)),
        tables.instruments,
    )
