"""A stranger whose order fell into a farm's run is left out; the farm's accounts stay."""

import numpy as np

from models.admission import admit_members


def test_accounts_with_other_business_leave_and_the_farm_stays() -> None:
    alike = np.r_[np.full(40, 2), 1, 1, 1]
    every = np.r_[np.full(40, 2), 2, 20, 850]
    stays = admit_members(alike, every, doubt=0.05)
    assert stays[:40].all()
    assert not stays[40:].any()


def test_a_farm_with_unseen_walks_keeps_its_accounts() -> None:
    every = np.random.default_rng(1).integers(6, 10, 50)
    alike = np.random.default_rng(2).binomial(every, 0.5)
    assert admit_members(alike, every, doubt=0.05).mean() > 0.85
