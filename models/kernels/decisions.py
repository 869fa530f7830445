"""Child orders to decisions, one pass in event order (method, section 1)."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

EMPTY = -1
BRACKET = -1  # the decision of a stop or target order: it guards one and is none
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio (Knuth 1973, 6.4)
NEVER = np.iinfo(np.int64).min // 2


@njit(cache=True, inline="always")
def first_slot(key: np.int64, mask: int) -> np.int64:
    """Return where the search for `key` starts in a table of `mask` + 1 slots."""
    mixed = np.uint64(key) * _MULTIPLIER
    mixed ^= mixed >> np.uint64(32)
    return np.int64(mixed & np.uint64(mask))


@njit(cache=True, nogil=True)
def find_slot(keys: NDArray[np.int64], key: np.int64) -> np.int64:
    """Return the slot that holds `key`, or the empty one where it belongs."""
    mask = keys.size - 1
    slot = first_slot(key, mask)
    while keys[slot] != EMPTY and keys[slot] != key:
        slot = (slot + 1) & mask
    return slot


@njit(cache=True, nogil=True)
def rehash(
    old_keys: NDArray[np.int64],
    old_values: NDArray[np.int32],
    keys: NDArray[np.int64],
    values: NDArray[np.int32],
) -> None:
    """Move every entry into an empty, larger table."""
    for i in range(old_keys.size):
        if old_keys[i] != EMPTY:
            slot = find_slot(keys, old_keys[i])
            keys[slot] = old_keys[i]
            values[slot] = old_values[i]


@njit(cache=True, nogil=True)
def open_decisions(
    event_time_ns: NDArray[np.int64],
    account: NDArray[np.int32],
    family: NDArray[np.int32],
    side: NDArray[np.int8],
    has_price: NDArray[np.bool_],
    first: int,
    merge_ns: int,
    bracket_ns: int,
    keys: NDArray[np.int64],
    key_nodes: NDArray[np.int32],
    node_account: NDArray[np.int32],
    node_family: NDArray[np.int32],
    opened_ns: NDArray[np.int64],
    current: NDArray[np.int64],
    counters: NDArray[np.int64],
    node: NDArray[np.int32],
    opens: NDArray[np.bool_],
    decision: NDArray[np.int64],
) -> int:
    """Fill node, opens and decision from row `first` on; return the first row not done.

    Stops early when the node arrays or the key table are full (the caller grows them).
    `counters` is (n_nodes, n_decisions).
    """
    n_nodes, n_decisions = counters[0], counters[1]
    i = first
    while i < event_time_ns.size:
        key = (np.int64(family[i]) << 32) | np.int64(account[i])
        slot = find_slot(keys, key)
        if keys[slot] == EMPTY:
            if n_nodes == node_account.size or 2 * (n_nodes + 1) > keys.size:
                break
            keys[slot] = key
            key_nodes[slot] = n_nodes
            node_account[n_nodes] = account[i]
            node_family[n_nodes] = family[i]
            opened_ns[n_nodes, 0] = NEVER
            opened_ns[n_nodes, 1] = NEVER
            n_nodes += 1
        who = key_nodes[slot]
        node[i] = who
        is_child = event_time_ns[i] - opened_ns[who, side[i]] <= merge_ns
        is_bracket = has_price[i] and event_time_ns[i] - opened_ns[who, 1 - side[i]] <= bracket_ns
        if not (is_child or is_bracket):
            opened_ns[who, side[i]] = event_time_ns[i]
            current[who, side[i]] = n_decisions
            opens[i] = True
            decision[i] = n_decisions
            n_decisions += 1
        elif is_child:
            opens[i] = False
            decision[i] = current[who, side[i]]
        else:
            opens[i] = False
            decision[i] = BRACKET
        i += 1
    counters[0], counters[1] = n_nodes, n_decisions
    return i
