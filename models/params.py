"""Every threshold of the method, each with its reason; more stand in `*_params` beside it.

Times are nanoseconds unless the name says otherwise. Section numbers refer to docs/method.md.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any

from models.classifier_params import ClassifierParams
from models.corroboration_params import CorroborationParams
from models.errors import ParameterError
from models.label_exchange_params import LabelExchangeParams
from models.slow_look_params import SlowLookParams
from models.walk_params import WalkParams

SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
DAY_NS = 24 * 60 * MINUTE_NS
YEAR_DAYS = 365.25
SHIFTS_NS = tuple(sign * minutes * MINUTE_NS for minutes in (5, 10, 30) for sign in (-1, 1))
"""Shifts in time at which a count shows what chance gives."""
CLOCK_PERIODS_NS = tuple(minutes * MINUTE_NS for minutes in (60, 30, 15, 5))
"""Public clocks: the hour, and bars of half an hour, a quarter and five minutes."""


@dataclass(frozen=True, slots=True)
class RankTestParams:
    """The decision merge, the strata and the e-process of the rank test (sections 1 and 2)."""

    merge_ns: int = 10 * SECOND_NS
    """Orders of one account and key within this time of the first are one decision: child
    orders would otherwise repeat one co-occurrence many times."""
    bracket_ns: int = 2 * SECOND_NS
    """A priced order on the other side within this time of a decision is its stop or target:
    software sends brackets with the entry or within a second of it."""
    look_back_ns: int = 120 * SECOND_NS
    """Longest lag that can be an answer: people following a message need up to two minutes."""
    depth: int = 256
    """Most candidates looked at for one decision: bounds the cost inside any burst."""
    p_cap: float = 0.2
    """Answers with a larger p count as misses. A wide support keeps slow followers visible in
    busy keys; looking further back costs time and earns little."""
    row_p_floor: float = 0.02
    """A pair's row is made at its first answer with p below this: rows stay sparse in large
    venues ..."""
    row_p_accounts: float = 40.0
    """... and in small ones (below this over row_p_floor accounts) the bar rises to this over
    the number of accounts, since no answer there can be very surprising."""
    rows_a_follower: int = 24
    """Pair rows kept for one follower in one family: its most promising leaders. Keeps a
    follower's rows side by side."""
    most_rows: int = 1_200_000
    """Pair rows of one test over all followers and families, about 80 bytes each: where there are
    many of them, each has fewer rows, but at least `fewest_rows_a_follower`."""
    fewest_rows_a_follower: int = 4
    promising_ln_e: float = 0.0
    """A row that once rose above this is displaced after those that never did: one decision of
    its own makes rows for everybody who acted just before, and they must not sweep it out."""
    protected_ln_e: float = 6.0
    """A row that once reached this is not displaced by a newcomer; one that reached twice this
    is never displaced."""
    prior_decisions: float = 200.0
    """Weight of the prior share 1/200 in a stratum: the venue has at least so many accounts."""
    overall_weight: float = 0.0
    """Decisions' weight of the account's overall share in a stratum it has rarely met."""
    recent_memory_ns: int = 15 * MINUTE_NS
    """Memory of the recent share: an account busy now is likely to act now."""
    fast_memory_ns: int = 2 * MINUTE_NS
    """Short memory of the recent share: scalpers trade in bursts of a few minutes."""
    habit_ns: int = SECOND_NS // 2
    """A decision this close to the place in the minute of one of the account's last two, or to
    where its last interval (or last two together) would put it, is its own clock's: no evidence.
    An account without a clock meets this by chance once in 15 to 20 times."""
    habit_share: float = 0.05
    """Intervals count as equal within this share of them: slicers add some jitter."""
    recent_prior: float = 20.0
    """Class decisions added to the recent share's denominator: a few decisions in a quiet key
    are not yet a share. With 5 a group that is most of its key's trade is not found; with 100
    strangers who trade in sessions in thin markets cross the threshold (docs/decisions.md)."""
    share_cap: float = 0.5
    """No share above one half: beyond it no rank says anything."""
    safety: float = 1.0
    """Multiplies every share: a dial for venues whose crowds demand it. At 2 a group of 60 begins
    to hide in its own burst; the placebo raises the threshold instead."""
    burst_ns: int = 10 * SECOND_NS
    """Short window of the local intensity."""
    calm_ns: int = 600 * SECOND_NS
    """Long window of the local intensity."""
    n_levels: int = 8
    """Intensity levels: 1.5 a doubling of burst over calm, clipped."""
    phase_ns: int = 2 * SECOND_NS
    """The first two seconds of a minute are a clock phase of their own: slicers live there."""
    robot_decisions_a_day: float = 200.0
    """Accounts above this mean of decisions a family and active closed day are robots."""
    thetas: tuple[float, ...] = (0.3, 0.6, 0.9)
    """Shares of the leader's decisions that a follower copies, mixed over."""
    kappas: tuple[float, ...] = (0.15, 0.5)
    """Exponents of the density of p under copying, mixed over: sharp and mild."""
    restart_ns: int = DAY_NS
    """A row below E = 1 may start anew once a day: a follower that begins late is still found."""

    def __post_init__(self) -> None:
        for name in ("merge_ns", "look_back_ns", "depth", "burst_ns", "calm_ns", "restart_ns"):
            if getattr(self, name) < 1:
                raise ParameterError(f"{name} must be at least 1, was {getattr(self, name)}")
        if self.calm_ns < max(self.burst_ns, self.look_back_ns):
            raise ParameterError("calm_ns must be at least burst_ns and look_back_ns")
        if not 0 < self.p_cap < 1:
            raise ParameterError(f"p_cap must lie between 0 and 1, was {self.p_cap}")
        if self.safety < 1:
            raise ParameterError(f"safety must be at least 1, was {self.safety}")
        if not 1 <= self.n_levels <= MAX_LEVELS:
            raise ParameterError(f"n_levels must be 1 to {MAX_LEVELS}, was {self.n_levels}")

    def n_rows(self, n_nodes: int) -> int:
        """Return the rows of one follower in one family, of `n_nodes` such pairs."""
        share = self.most_rows // max(n_nodes, 1)
        return min(self.rows_a_follower, max(self.fewest_rows_a_follower, share))

    def row_p(self, n_accounts: int) -> float:
        """Return the p below which a pair's row is made, for a venue of `n_accounts`."""
        return min(self.p_cap, max(self.row_p_floor, self.row_p_accounts / max(n_accounts, 1)))


MAX_LEVELS = 8


@dataclass(frozen=True, slots=True)
class PlaceboParams:
    """Ghosts of the leaders' decisions: the measured false-flag rate (section 2)."""

    shifts_ns: tuple[int, ...] = (300 * SECOND_NS, 600 * SECOND_NS, 1800 * SECOND_NS, DAY_NS)
    """A shift longer than the data is left out."""
    tolerated: tuple[float, ...] = (0.05, 1.0, 10.0)
    """The levels v at which crossings are counted against their bound."""
    bound_quantile: float = 0.99
    """Crossings summed over the shifts stay below this Poisson quantile of shifts x v."""


@dataclass(frozen=True, slots=True)
class GroupParams:
    """Threshold, groups, roles (sections 2 to 4)."""

    tolerated_false_pairs: float = 0.05
    """v: tolerated expected false pairs over the life of a run."""
    tolerated_false_attachments: float = 0.05
    """Expected accounts attached by chance to fixed groups, over a run."""
    min_modularity: float = 0.3
    """A component is split if that finds parts this distinct (Newman & Girvan 2004: communities
    show from 0.3 on)."""
    same_group_overlap: float = 0.5
    """Parts that share this much of the smaller one, after attaching, are one group."""
    same_source_factor: float = 2.0
    """Two leaders are one source where the less active acts near the other more often than this
    times chance ..."""
    same_source_share: float = 0.1
    """... and this share of its decisions more."""
    links_a_member: int = 16
    """Validated pairs of a member whose lags are looked at for the length of an episode."""
    louvain_seed: int = 0
    """Fixed, so that the same graph gives the same groups."""
    min_episodes: int = 3
    """A group is shown after so many episodes: two can be chance, three with E >= T cannot."""
    suspect_share: float = 0.4
    """Accounts that answer this share of the source, with this share of their decisions, are left
    out where chance is measured."""
    attachment_bin_ns: int = 600 * SECOND_NS
    """Time of day is held fixed in bins this long when an account is tested against a group."""
    early_share: float = 0.1
    """A follower's opportunities begin where this share of its copies has been made."""
    min_participation: float = 0.1
    """A follower repeats at least this share of the decisions it could."""
    off_venue_coverage: float = 0.98
    """The source is elsewhere when the 95% upper bound of the leader's coverage is below this."""
    off_venue_correlation: float = 0.25
    """... or when two followers' lags to the supposed leader correlate above this ..."""
    mixed_order_share: float = 0.05
    """... and each of the two comes first at least this often."""
    off_venue_lead: float = 0.75
    """... or when the upper bound of the share of its episodes that it was first in is below
    this: nobody leads."""
    off_venue_min_episodes: int = 10
    """Fewer episodes say nothing about coverage or correlation."""
    confidence: float = 0.95
    """Level of the Clopper-Pearson bounds."""
    min_lag_window_ns: int = 50_000_000
    """Clocks and networks jitter: no pair's lag window is narrower than this ..."""
    min_lag_window_ticks: int = 2
    """... nor than so many ticks of a coarse clock."""
    lag_core_share: float = 0.3
    """Share of a pair's lags that the shortest interval must hold to be called typical."""
    lag_window_factor: float = 3.0
    """A pair's lag window: the end of that interval times this, at most the look-back."""


@dataclass(frozen=True, slots=True)
class IdenticalParams:
    """Identical-order clusters: many accounts, one fingerprint (section 6)."""

    windows_ns: tuple[int, ...] = (10 * SECOND_NS, MINUTE_NS, 10 * MINUTE_NS, 60 * MINUTE_NS)
    """From one sweep over all accounts at once to a walk of 15 to 60 s an account."""
    min_accounts: int = 10
    """Fewer are the pair test's work; ten equal orders can be one desk's afternoon."""
    new_decisions: int = 3
    """Farms use an account once or twice: an account is new for its first three decisions."""
    warm_up_ns: int = DAY_NS
    """Nobody counts as new before: all are at first, and the first opening brings in a crowd."""
    drift: float = 2.0
    """A fingerprint's share may double within a window without any evidence: tastes drift with
    news, price and time of day, and no sample of the past shows by how much."""
    recent_trials: int = 1000
    """The share is also taken from so many trials just before the window; the larger one counts.
    After so many a change of habits is forgiven."""
    recent_widths: int = 4
    """... or from this many times the window's own trials where that is more: a sample smaller
    than the window says nothing about it."""
    pace_ns: int = 10 * SECOND_NS
    """New accounts count once in so much time: a farm walks, the newcomers of a burst come
    together."""
    max_chance_share: float = 0.2
    """A run is no cluster if more than this share of its accounts would be there by chance: the
    finding would be true, but not of the single account."""
    edge_gap_factor: float = 12.0
    """The ends of a run are cut off at a gap this many times its median one: exponential gaps
    exceed twelve times their median once in 4,096 times."""
    member_doubt: float = 0.05
    """An account that shows the group's order less often among its decisions than a member would
    with this probability is a stranger. About a twentieth of the members that are used unlike the
    others is the price; how many strangers stay is measured, not bounded."""
    same_run_overlap: float = 0.5
    """Runs, and clusters and groups, that share this much of the smaller one are the same."""
    burst_ratio: float = 3.0
    """Others this many times as busy as around the run: a public reason is not excluded."""
    tolerated_false_clusters_a_year: float = 0.05
    """v: expected false clusters in a year of data, over all fingerprints, windows, positions."""
    placebo_block_ns: int = 6 * 60 * MINUTE_NS
    """Fingerprints are dealt anew within blocks this long: the time of day stays, runs go."""
    placebo_deals: int = 2
    """How often they are dealt; each costs a scan."""
    placebo_seed: int = 0
    """Fixed, so that the same stream gives the same placebo."""

    def __post_init__(self) -> None:
        if not self.windows_ns or min(self.windows_ns) < 1:
            raise ParameterError(f"windows_ns must be 1 or more each, were {self.windows_ns}")
        for name in ("min_accounts", "new_decisions", "recent_trials", "pace_ns"):
            if getattr(self, name) < 1:
                raise ParameterError(f"{name} must be at least 1, was {getattr(self, name)}")
        if self.drift < 1:
            raise ParameterError(f"drift must be at least 1, was {self.drift}")


@dataclass(frozen=True, slots=True)
class LinkageParams:
    """Fellegi-Sunter weights of shared values (section 5)."""

    agreement: float = 0.9
    """a: chance that two accounts of one owner share the value in use."""
    reliability_residential: float = 1.0
    reliability_mobile: float = 0.05
    reliability_hosting: float = 0.3
    reliability_vpn: float = 0.02
    reliability_unknown: float = 0.3
    """Share of coincidences on an address kind that mean a shared place."""
    max_crowd: int = 20
    """A value shared by more accounts weighs nothing ..."""
    second_share: float = 0.5
    """Best value plus this share of the second best: they are dependent."""
    household_bits: float = 2.0
    """Addresses with nothing else shared weigh at most this: people live together, and strangers
    rent in one data center."""
    one_sighting_share: float = 0.5
    """A value seen together on one day only weighs this share: recurrence counts."""
    strong_bits: float = 6.0
    """Ties of this weight or more over all members speak for one owner where owners are unknown."""
    weak_bits: float = 1.5
    """Pairs below this are strangers: a chance meeting on some network says nothing. Below what a
    household weighs."""


@dataclass(frozen=True, slots=True)
class VerdictParams:
    """The floor of plain rules (section 5)."""

    quiet_ratio: float = 2.0
    """An opportunity is quiet when non-members acted at most this times their usual rate ..."""
    quiet_slack: float = 4.0
    """... plus this many decisions, in the 10 s around it, outside the first 2 s of a minute."""
    coarse_clock_share: float = 0.5
    """Where more of a key's decisions than this lie in the first 2 s of a minute, its clock counts
    minutes and the place in the minute says nothing."""
    min_quiet: int = 5
    """Fewer quiet opportunities: the evidence hangs on bursts or the clock alone."""
    crowd_quiet_fidelity: float = 0.15
    """Members that repeat fewer of the leader's quiet decisions follow a public trigger."""
    crowd_burst_share: float = 0.7
    """... if at least this share of the episodes lies in bursts or on the minute."""
    crowd_only_burst_share: float = 0.9
    """Without enough quiet opportunities to compare: so many of the episodes lie in bursts, ..."""
    crowd_size: float = 10.0
    """... and around the median one accounts in no group made so many decisions."""
    basket_ns: int = SECOND_NS
    """Decisions of one account in several families within this time are a basket's legs."""
    basket_share: float = 0.4
    """Accounts with at least this share of their decisions in baskets trade a spread."""
    basket_fidelity: float = 0.95
    """A leader whose baskets are repeated at least so often is copied; who reacts to the same
    spread is now first, now second, and often not there."""
    opposite_share: float = 0.5
    """Where at least this share of the members trades around others or is traded around, the group
    is a bot and its victims."""
    opposite_legs_share: float = 0.5
    """A bot enters before and leaves right after at least this share of the decisions that it acts
    near; a follower that leaves some of a quick leader's exits out stays below."""
    opposite_ns: int = 10 * SECOND_NS
    """How long before them it enters, at most ..."""
    opposite_exit_ns: int = 5 * SECOND_NS
    """... and how soon after them it leaves."""
    external_fidelity: float = 0.3
    """f: two known owners and this mean share of quiet decisions repeated is copying."""
    min_off_venue_members: int = 3
    """Two accounts of which none leads may react to one another, or to anything."""
    external_fidelity_off_venue: float = 0.45
    """The same without a leader on the venue: a public trigger has none either, and those who
    react to one take part now and then."""
    clock_share: float = 0.7
    """Without a leader, episodes that gather at one place of the hour, or of its parts, so much
    (mean resultant length) may follow a public clock."""
    clock_min_episodes: int = 10
    """Fewer episodes gather by chance."""
    external_fidelity_unknown: float = 0.4
    """f2: the same where owners are unknown: more is asked for."""
    tied_order_share: float = 0.5
    """When others share the leader's instant in more of its episodes than this, nobody is said to
    be first."""
    clear_lead: float = 0.95
    """A leader that is copied is first practically always."""
    min_lead: float = 0.6
    """A leader is first in at least this share of the episodes it traded in."""
    managed_min_owners: int = 2
    """One machine trading accounts of this many owners is an operator's."""
    tied_share: float = 0.5
    """Where owners are unknown: ties that connect at most this share of the members leave a
    group of strangers."""
    robot_share: float = 0.9
    """Members that mark at least this share of their orders as automated run robots."""


@dataclass(frozen=True, slots=True)
class ActionPolicy:
    """What a person is asked to do about a group, by subtype; names of the data contract."""

    own_accounts: str = "none"
    undeclared_own_accounts: str = "request_declaration"
    signal: str = "freeze_review"
    managed_accounts: str = "freeze_review"
    mixed: str = "freeze_review"
    common_strategy: str = "none"
    other: str = "review"


@dataclass(frozen=True, slots=True)
class PolicyParams:
    """What venues and firms decide differently; configuration, never tuned (section 5)."""

    household_is_one_owner: bool = False
    """Whether people who share a home address count as one beneficial owner."""
    same_robot_is_copying: bool = True
    """Whether accounts that run the same bought robot, with no leader among them, are copying."""
    actions: ActionPolicy = field(default_factory=ActionPolicy)


@dataclass(frozen=True, slots=True)
class DetectionParams:
    """All thresholds of a run."""

    rank_test: RankTestParams = field(default_factory=RankTestParams)
    slow_look: SlowLookParams = field(default_factory=SlowLookParams)
    placebo: PlaceboParams = field(default_factory=PlaceboParams)
    groups: GroupParams = field(default_factory=GroupParams)
    walks: WalkParams = field(default_factory=WalkParams)
    identical: IdenticalParams = field(default_factory=IdenticalParams)
    corroboration: CorroborationParams = field(default_factory=CorroborationParams)
    label_exchange: LabelExchangeParams = field(default_factory=LabelExchangeParams)
    linkage: LinkageParams = field(default_factory=LinkageParams)
    verdict: VerdictParams = field(default_factory=VerdictParams)
    classifier: ClassifierParams = field(default_factory=ClassifierParams)
    policy: PolicyParams = field(default_factory=PolicyParams)

    def to_json(self) -> dict[str, Any]:
        """Return all thresholds as plain JSON types."""
        loaded: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return loaded

    def content_hash(self) -> str:
        """Return the SHA-256 of the thresholds: equal hashes, equal method."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()
