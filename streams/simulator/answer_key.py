"""The answer key: what is right about a simulated market, apart from its tables.

The form is the data contract's. Groups stand by their ids, members by name, and a group's id
occurs in no table.
"""

from typing import Any

import numpy as np
from numpy.random import Generator

from streams.simulator.cast import Cast
from streams.simulator.identifiers import draw_ids
from streams.simulator.laws import Flags
from streams.simulator.planted import Planted
from streams.simulator.population import Population


def build_answer_key(
    cast: Cast,
    planted: list[Planted],
    declared: list[Flags],
    population: Population,
    rng: Generator,
) -> dict[str, Any]:
    """Write down the right answer.

    Parameters
    ----------
    cast : Cast
        Who played what.
    planted : list of Planted
        What each group did, in the cast's order.
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
    for group_id, (kind, accounts), group, covers in zip(
        group_ids, cast.groups, planted, declared, strict=True
    ):
        n_followers = len(accounts) - (group.leader is not None)
        all_declared = int(np.count_nonzero(covers)) == n_followers
        ratios = {names[a]: float(r) for a, r in zip(accounts, group.ratios, strict=True)}
        groups.append(
            {
                "group_id": group_id,
                "kind": kind.name,
                "verdict": str(kind.verdict),
                "subtype": str(kind.declared_subtype if all_declared else kind.subtype),
                "leader_account_id": None if group.leader is None else names[group.leader],
                "members": sorted(ratios),
                "allocation_ratio": dict(sorted(ratios.items())),
                "inverse": group.inverse,
                "start_time_ns": group.start_time_ns,
            }
        )
    honest = {names[a]: kind.name for kind, accounts in cast.honest for a in accounts}
    return {
        "groups": sorted(groups, key=lambda group: str(group["group_id"])),
        "honest_kind": dict(sorted(honest.items())),
    }
