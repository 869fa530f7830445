"""Operators: who entered an account's orders, as far as the venue records it (FIX 50).

An owner usually enters the orders of all their accounts under one operator id; accounts managed
on one machine often share the manager's. Many feeds leave the field out.
"""

import numpy as np
import pyarrow as pa
from numpy.random import Generator

from streams.simulator.cast import Cast
from streams.simulator.identifiers import draw_ids
from streams.simulator.population import Population
from streams.simulator.roles import Residence

RECORDED_SHARE = 0.7
SHARED_OPERATOR_SHARE = 0.5


def draw_operators(population: Population, cast: Cast, rng: Generator) -> pa.Array:
    """Draw the operator id of each account, null where it is not recorded.

    Parameters
    ----------
    population : Population
        Owners and who trades from whose machine.
    cast : Cast
        The groups that are managed on one machine.
    rng : Generator
        The source of randomness.

    Returns
    -------
    pa.Array
        One value an account.
    """
    operator = population.owner.copy()
    is_recorded = rng.random(population.n_accounts) < RECORDED_SHARE
    for kind, accounts in cast.groups:
        is_managed = kind.residence is Residence.ONE_MACHINE
        if is_managed and rng.random() < SHARED_OPERATOR_SHARE:
            operator[accounts] = population.machine[accounts]
            is_recorded[accounts] = True
    ids = pa.array(draw_ids("T", population.n_owners, rng))
    return ids.take(pa.array(np.where(is_recorded, operator, 0), mask=~is_recorded))
