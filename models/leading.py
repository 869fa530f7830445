"""Who leads a cluster: coverage x precedence over its episodes (method, section 4).

An episode is a run of different members' decisions in one key within the window. Coverage is the
share of episodes that a member traded in, precedence the share of those that it was first in.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.columns import DecisionColumns, is_among
from models.grouping import Cluster
from models.kernels.episodes import number_episodes


@dataclass(frozen=True, slots=True)
class Lead:
    """The account that leads best, and how well.

    `coverage` is the share of the group's episodes that it traded in, `share` that of its episodes
    in which nobody was before it, `tied_share` that of its episodes in which others acted at the
    same instant.
    """

    account: int
    coverage: float
    share: float
    tied_share: float
    n_episodes: int


def choose_leader(
    cluster: Cluster,
    decisions: DecisionColumns,
    key: NDArray[np.int64],
    *,
    window_ns: int,
    among: Sequence[int],
    elsewhere: NDArray[np.bool_] | None = None,
) -> Lead | None:
    """Return the member with the largest coverage x precedence; None without an episode.

    Who acted first at the same instant and sequence as others shares the precedence with them.
    Where that leaves several equal, the leader of the strongest pair has it, then the smallest
    code. A cluster whose source is settled keeps it.

    Parameters
    ----------
    cluster : Cluster
        Members, and who leads the strongest pair.
    decisions : DecisionColumns
        All decisions of the members, in event order.
    key : ndarray of int64, shape (n_decisions,)
        Family and side of each, the side turned for members that act inversely.
    window_ns : int
        How long after its first decision an episode may go on.
    among : sequence of int
        Members whose decisions count.
    elsewhere : ndarray of bool, shape (n_decisions,), optional
        Decisions that repeat the source of another group: no episodes of this one's.
    """
    counts = is_among(decisions.account, among)
    if elsewhere is not None:
        counts &= ~elsewhere
    episode = np.full(len(decisions), -1, np.int64)
    episode[counts] = _episodes(decisions.take(counts), key[counts], window_ns)
    rows = np.flatnonzero(episode >= 0)
    if rows.size == 0:
        return None
    _, first, index = np.unique(episode[rows], return_index=True, return_inverse=True)
    last = np.iinfo(np.int64).max
    first_ns, first_sequence = np.full(first.size, last), np.full(first.size, last)
    np.minimum.at(first_ns, index, decisions.event_time_ns[rows])
    is_first = decisions.event_time_ns[rows] == first_ns[index]
    np.minimum.at(first_sequence, index[is_first], decisions.sequence[rows[is_first]])
    is_first &= decisions.sequence[rows] == first_sequence[index]
    n_first = np.bincount(index[is_first], minlength=first.size)
    leader, best = among[0], (-1.0, False)
    for account in among if cluster.source is None else (cluster.source,):
        mine = is_first & (decisions.account[rows] == account)
        precedence = float((1.0 / n_first[index[mine]]).sum()) / first.size
        standing = (round(precedence, 9), account == cluster.strongest_leader)
        if standing > best:
            leader, best = account, standing
    its = decisions.account[rows] == leader
    first_of_its = is_first & its
    n_its = max(int(np.count_nonzero(its)), 1)
    covered = np.zeros(first.size, np.bool_)
    covered[index[its]] = True
    sizes = np.bincount(index)
    # A few members' own decisions that happen to meet are no episode of the source's.
    counted = covered | (2 * sizes >= np.median(sizes[covered]))
    covered |= _soon_after(leader, decisions, key, key[rows[first]], first_ns, window_ns)
    coverage = float(covered[counted].mean())
    return Lead(
        account=leader,
        coverage=coverage,
        share=float(np.count_nonzero(first_of_its) / n_its),
        tied_share=float(np.count_nonzero(n_first[index[first_of_its]] > 1) / n_its),
        n_episodes=int(np.count_nonzero(counted)),
    )


def _soon_after(
    leader: int,
    decisions: DecisionColumns,
    key: NDArray[np.int64],
    episode_key: NDArray[np.int64],
    first_ns: NDArray[np.int64],
    window_ns: int,
) -> NDArray[np.bool_]:
    """Mark episodes that start within the window after a decision of the leader in their key.

    They are the late part of the leader's own episode, cut off because a member acted again.
    """
    result = np.zeros(first_ns.size, np.bool_)
    for each in np.unique(episode_key):
        times = decisions.event_time_ns[(decisions.account == leader) & (key == each)]
        here = np.flatnonzero(episode_key == each)
        place = np.searchsorted(times, first_ns[here], "right") - 1
        found = place >= 0
        result[here[found]] = first_ns[here[found]] - times[place[found]] <= window_ns
    return result


def _episodes(
    decisions: DecisionColumns, key: NDArray[np.int64], window_ns: int
) -> NDArray[np.int64]:
    """Return the episode number of each decision, -1 where nobody repeated it.

    In each key a new episode starts when more than the window has passed since the episode's
    first decision, or when a member acts again.
    """
    order = np.lexsort((decisions.event_time_ns, key))
    members, member = np.unique(decisions.account, return_inverse=True)
    number = np.empty(len(decisions), np.int64)
    number_episodes(
        order,
        key,
        decisions.event_time_ns,
        member.astype(np.int64),
        window_ns,
        number,
        np.full(members.size, -1, np.int64),
    )
    sizes = np.bincount(number, minlength=1)
    number[sizes[number] < 2] = -1
    return number
