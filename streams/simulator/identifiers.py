"""Opaque ids: random, unique, and without any order that could tell something."""

from numpy.random import Generator


def draw_ids(prefix: str, n: int, rng: Generator, *, n_bytes: int = 5) -> tuple[str, ...]:
    """Draw `n` different ids: the prefix and random hexadecimal digits.

    Parameters
    ----------
    prefix : str
        Starts every id.
    n : int
        Number of ids, far fewer than there are combinations.
    rng : Generator
        The source of randomness.
    n_bytes : int
        Random bytes in an id.

    Returns
    -------
    tuple of str
        In the order drawn.
    """
    ids: dict[str, None] = {}
    while len(ids) < n:
        ids.setdefault(prefix + rng.bytes(n_bytes).hex())
    return tuple(ids)
