"""The answer key: what is right about a simulated market, apart from its tables.

The form is the data contract's. Groups stand by their ids, members by name, and a group's id
occurs in no table. Allocation ratios are positive whatever the side: `inverse` says that some
members take the other side of what they copy, and then `inverse_members` names them.
"""

from typing import Any

import numpy as np
from numpy.random import Generator

from streams.simulator.cast import Cast
from streams.simulator.identifiers import draw_ids
from streams.simulator.laws import Flags
from streams.simulator.planted import Planted
from streams.simulator.population import Population
from streams.simulator.roles import PlantedKind


def build_answer_key(
    cast: Cast,
    planted: list[tuple[PlantedKind, Planted]],
    declared: list[Flags],
    population: Population,
    rng: Generator,
) -> dict[str, Any]:
    """Write down the right answer.

    Parameters
    ----------
    cast : Cast
        Who played which honest kind.
    planted : list of (PlantedKind, Planted)
        The groups: what they are and what they did.
    declared : list of Flags
        Which members of each group a declaration covers, in the same order.
    population : Population
        The accounts' names.
    rng : Generator
        Draws the groups' ids.

    Returns
    -------
    dict
        `groups` and `honest_kind`; plain values that JSON can hold.
    """
    names = population.account_ids
    group_ids = draw_ids("G", len(planted), rng)
    groups: list[dict[str, Any]] = []
    for group_id, (kind, group), covers in zip(group_ids, planted, declared, strict=True):
        n_followers = len(group.members) - (group.leader is not None)
        all_declared = int(np.count_nonzero(covers)) == n_followers
        ratios = {names[a]: float(r) for a, r in zip(group.members, group.ratios, strict=True)}
        entry = {
            "group_id": group_id,
            "kind": kind.name,
            "verdict": str(kind.verdict),
            "subtype": str(kind.declared_subtype if all_declared else kind.subtype),
            "leader_account_id": None if group.leader is None else names[group.leader],
            "members": sorted(ratios),
            "allocation_ratio": dict(sorted(ratios.items())),
            "inverse": bool(group.inverted.any()),
            "start_time_ns": group.start_time_ns,
        }
        if group.inverted.any():
            entry["inverse_members"] = sorted(names[a] for a in group.members[group.inverted])
        groups.append(entry)
    honest = {names[a]: kind.name for kind, accounts in cast.honest for a in accounts}
    return {
        "groups": sorted(groups, key=lambda group: str(group["group_id"])),
        "honest_kind": dict(sorted(honest.items())),
    }
