"""Declarations: the program-trading reports that some owners file for their copy groups."""

import numpy as np
import pyarrow as pa
from numpy.random import Generator

from streams.simulator.identifiers import draw_ids
from streams.simulator.laws import NS_PER_SECOND, Flags
from streams.simulator.market import Market
from streams.simulator.planted import Planted
from streams.simulator.population import Population
from streams.simulator.roles import PlantedKind
from streams.tables import DECLARATION_SCHEMA

COPIER_NAMES = ("Copier A", "Copier B", "own script")
_NS_PER_DAY = 86_400 * NS_PER_SECOND


def draw_declarations(planted: list[tuple[PlantedKind, Planted]], rng: Generator) -> list[Flags]:
    """Draw, for every group, which of its members a declaration covers; never the leader.

    Parameters
    ----------
    planted : list of (PlantedKind, Planted)
        The groups: what they are and what they did.
    rng : Generator
        The source of randomness.

    Returns
    -------
    list of Flags
        One array a group, one value a member.
    """
    declared: list[Flags] = []
    for kind, group in planted:
        followers = np.flatnonzero(group.members != (-1 if group.leader is None else group.leader))
        share = float(kind.declared_share.draw(rng, 1)[0])
        covers = np.zeros(len(group.members), dtype=np.bool_)
        covers[rng.permutation(followers)[: int(share * len(followers))]] = True
        declared.append(covers)
    return declared


def build_declarations_table(
    planted: list[tuple[PlantedKind, Planted]],
    declared: list[Flags],
    population: Population,
    market: Market,
    rng: Generator,
) -> pa.Table:
    """Build the declarations table of the data contract: one row a declared follower, by id."""
    names = population.account_ids
    declaration_ids = draw_ids("R", len(planted), rng)
    rows = [
        {
            "declaration_id": declaration_id,
            "leader_account_id": names[group.leader],
            "account_id": names[account],
            "ratio": float(ratio),
            "software": COPIER_NAMES[int(rng.integers(len(COPIER_NAMES)))],
            "effective_from_ns": int(market.open_ns[0]) - int(rng.integers(1, 90)) * _NS_PER_DAY,
        }
        for declaration_id, (_, group), covers in zip(
            declaration_ids, planted, declared, strict=True
        )
        if group.leader is not None
        for account, ratio in zip(group.members[covers], group.ratios[covers], strict=True)
    ]
    table = pa.Table.from_pylist(rows, schema=DECLARATION_SCHEMA)
    return table.sort_by([("declaration_id", "ascending"), ("account_id", "ascending")])
