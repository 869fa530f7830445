"""The engine: released events in, provisional groups out, each at the order that made it.

The rank test runs over the stream. When a pair passes the threshold and is not yet in a group,
the accounts that such pairs connect are judged by the stages of a scan, on what was known at that
order and not a row more: how the stream was cut into batches changes nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from models.classifier import Classifier
from models.columns import BUY, NO_SEQUENCE, SELL, OrderColumns, PairEvidence
from models.crossings import Crossings
from models.evidence import ln_threshold, n_tests
from models.features import KeyLog, MarketLog
from models.grouping import find_clusters
from models.params import DAY_NS, YEAR_DAYS, DetectionParams
from surveillance import __version__
from surveillance.findings import AccountSummary, Group, GroupFinding, RunReference
from surveillance.live.growing_book import GrowingBook
from surveillance.live.members import summarize_members
from surveillance.live.raised import Raised
from surveillance.live.recent_rows import RecentRows
from surveillance.live.state_bytes import read_state, write_state
from surveillance.pipeline.codes import Codes
from surveillance.pipeline.describing import Evidence
from surveillance.pipeline.detector import Detector
from surveillance.pipeline.encode import OrderEncoder
from surveillance.pipeline.encoded import EncodedOrders
from surveillance.pipeline.judging import judge_groups
from surveillance.pipeline.reference import ReferenceData
from surveillance.pipeline.runner import decisions_of

CONFIRMED = "confirmed"
_STATE_FORM = 1  # one more whenever what `snapshot` returns is read differently
_LN_10 = float(np.log(10.0))


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restored state was made of, in event time.

    Attributes
    ----------
    judged_ns : int
        The events before this time.
    remembers_ns : int
        Those from this time on are to be remembered again.
    """

    judged_ns: int
    remembers_ns: int


class Engine:
    """Groups of a stream while it runs.

    Parameters
    ----------
    params : DetectionParams
        Thresholds.
    run : RunReference
        Stamped on every provisional group.
    classifier : Classifier or None
        Weighs what the rules conclude.
    reference : ReferenceData
        What is known besides the orders.
    n_accounts : int
        Accounts the threshold pays for; more may come, and the closing scan pays for them.
    memory_ns : int
        How far back a provisional judgement looks, in event time.
    """

    def __init__(
        self,
        params: DetectionParams,
        run: RunReference,
        classifier: Classifier | None,
        reference: ReferenceData,
        *,
        n_accounts: int,
        memory_ns: int,
    ) -> None:
        self._params = params
        self._run = run
        self._classifier = classifier
        self._ln_threshold = ln_threshold(
            n_tests(n_accounts, 0), params.groups.tolerated_false_pairs
        )
        self._detector = Detector(params, n_accounts=n_accounts, watch_ln_e=self._ln_threshold)
        self._accounts, self._instruments, self._families = Codes(), Codes(), Codes()
        self._rows = RecentRows(memory_ns)
        self._reference = reference
        self._encoder = OrderEncoder(reference.instruments, self._rows, shown="the stream")
        self._family_of = np.empty(0, np.int32)
        self._first_ns: int | None = None
        self._passed: dict[int, dict[tuple[int, int], tuple[float, int, int]]] = {}  # by leader
        self._partners: dict[int, set[int]] = {}
        self._groups: dict[str, Group] = {}
        self._book = GrowingBook(reference, params.linkage)

    @property
    def groups(self) -> dict[str, Group]:
        """The groups that stand, by id."""
        return dict(self._groups)

    @property
    def n_bytes(self) -> int:
        """Memory that the remembered rows hold."""
        return self._rows.n_bytes

    @property
    def threshold_log10_e(self) -> float:
        """Evidence at which a pair makes a provisional group."""
        return round(self._ln_threshold / _LN_10, 4)

    def use_reference(self, reference: ReferenceData) -> None:
        """Take other reference data from here on."""
        self._reference = reference
        self._book = GrowingBook(reference, self._params.linkage)
        self._encoder.list_instruments(reference.instruments)

    def adopt(self, groups: Iterable[Group]) -> None:
        """Replace the groups that stand, as a closing scan or an earlier worker found them."""
        self._groups = {group.group_id: group for group in groups}

    def replay(self, batch: pa.RecordBatch) -> None:
        """Take events that were judged before, in event order, and judge nothing."""
        self._note(self._detect(batch))
        self._remember(batch)

    def recall(self, batch: pa.RecordBatch) -> None:
        """Remember events again that the restored state was made of, in event order."""
        self._encoder.recall(batch)

    def snapshot(self, judged_ns: int) -> bytes:
        """Return the state; groups and remembered events are not part of it.

        Parameters
        ----------
        judged_ns : int
            Every event before this time has been processed, and no other.
        """
        codes = self._accounts, self._instruments, self._families
        values = {
            "judged_ns": judged_ns,
            "remembers_ns": self._rows.oldest_ns,
            "texts": [each.texts for each in codes],
            "family_of": self._family_of.tolist(),
            "first_ns": self._first_ns,
            "passed": [
                [leader, *answered, *passed]
                for leader, led in self._passed.items()
                for answered, passed in led.items()
            ],
            "encoder": self._encoder.snapshot(),
        }
        return write_state(self._stamp, values, self._detector.snapshot())

    def restore(self, content: bytes) -> Restored | None:
        """Go back to a state that `snapshot` returned.

        Returns
        -------
        Restored or None
            None where another version or other thresholds wrote it: nothing has changed then.
        """
        state = read_state(content, self._stamp)
        if state is None:
            return None
        values, arrays = state
        fresh = self._detector.snapshot()
        self._detector.restore({name: a.view(fresh[name].dtype) for name, a in arrays.items()})
        self._accounts, self._instruments, self._families = map(Codes, values["texts"])
        self._family_of = np.array(values["family_of"], np.int32)
        self._first_ns = values["first_ns"]
        self._passed, self._partners = {}, {}
        for leader, follower, channel, *passed in values["passed"]:
            self._passed.setdefault(leader, {})[follower, channel] = tuple(passed)
            self._connect(leader, follower)
        self._encoder.restore(values["encoder"])
        return Restored(values["judged_ns"], values["remembers_ns"])

    @property
    def _stamp(self) -> str:
        return f"{_STATE_FORM} {__version__} {self._params.content_hash()} {self._ln_threshold!r}"

    def process(self, batch: pa.RecordBatch) -> list[Raised]:
        """Take the next events, in event order, and judge what they make.

        Parameters
        ----------
        batch : pa.RecordBatch
            Orders in canonical columns.
        """
        crossings = self._detect(batch)
        times = batch.column("event_time_ns").to_numpy()
        raised, done = [], 0
        for at_ns in np.unique(crossings.time_ns).tolist():
            new = self._note(_at(crossings, at_ns))
            if not any(self._is_open(leader, follower) for leader, follower in new):
                continue
            end = int(np.searchsorted(times, at_ns, side="right"))
            self._remember(batch.slice(done, end - done))
            done = max(done, end)
            found, accounts = self._judge(at_ns, new)
            if found:
                gone = self._absorbed(found)
                raised.append(Raised(at_ns, found, accounts, gone, self.groups))
                self._groups.update({f.group.group_id: f.group for f in found})
                for group in gone:
                    del self._groups[group.group_id]
        self._remember(batch.slice(done))
        return raised

    def _detect(self, batch: pa.RecordBatch) -> Crossings:
        account = self._accounts.encode(batch.column("account_id"))
        instrument = self._instruments.encode(batch.column("instrument_id"))
        self._fit_families()
        stop = batch.column("stop_price")
        is_stop = pc.is_in(batch.column("order_type"), value_set=_STOPS)
        price = pc.if_else(is_stop, stop, pc.coalesce(batch.column("limit_price"), stop))
        event_type = batch.column("event_type")
        is_new = pc.fill_null(pc.equal(event_type, "new"), True).to_numpy(zero_copy_only=False)
        none = np.zeros(batch.num_rows, np.int64)
        is_buy = pc.equal(batch.column("side"), "buy").to_numpy(zero_copy_only=False)
        orders = OrderColumns(
            event_time_ns=batch.column("event_time_ns").to_numpy(),
            sequence=batch.column("sequence").fill_null(NO_SEQUENCE).to_numpy(),
            account=account,
            family=self._family_of[instrument],
            instrument=instrument,
            side=np.where(is_buy, BUY, SELL).astype(np.int8),
            quantity_lots=none,
            price_ticks=none,
            has_price=price.is_valid().to_numpy(zero_copy_only=False),
        )
        self._detector.process(orders.take(is_new), final=True)  # released instants are whole
        return self._detector.take_crossings()

    def _fit_families(self) -> None:
        """Give every new instrument its family; one that was seen keeps it."""
        known = self._family_of.size
        names = self._instruments.texts[known:]
        if names:
            listed = {
                r["instrument_id"]: r["family"] for r in self._reference.instruments.to_pylist()
            }
            families = pa.array([listed.get(name) or name for name in names])
            self._family_of = np.append(self._family_of, self._families.encode(families))

    def _remember(self, batch: pa.RecordBatch) -> None:
        if batch.num_rows:
            self._encoder.add(batch)
            if self._first_ns is None:
                self._first_ns = int(batch.column("event_time_ns")[0].as_py())

    def _note(self, crossings: Crossings) -> list[tuple[int, int]]:
        """Keep what passed and return the pairs."""
        pairs = []
        columns = (getattr(crossings, c.name).tolist() for c in fields(crossings))
        for _, leader, follower, channel, ln_e, answers, chances in zip(*columns, strict=True):
            passed = (ln_e, answers, chances)
            led = self._passed.setdefault(leader, {})
            led[follower, channel] = max(led.get((follower, channel), passed), passed)
            self._connect(leader, follower)
            pairs.append((leader, follower))
        return pairs

    def _connect(self, leader: int, follower: int) -> None:
        self._partners.setdefault(leader, set()).add(follower)
        self._partners.setdefault(follower, set()).add(leader)

    def _is_open(self, leader: int, follower: int) -> bool:
        """Whether no group that stands holds both accounts."""
        both = {self._accounts.texts[leader], self._accounts.texts[follower]}
        return not any(both <= _accounts_of(group) for group in self._groups.values())

    def _judge(
        self, at_ns: int, pairs: list[tuple[int, int]]
    ) -> tuple[tuple[GroupFinding, ...], tuple[AccountSummary, ...]]:
        """Return the groups that the accounts of some pairs are in, new ones only, and members."""
        connected = self._connected(pairs)
        orders = self._encoder.finish().over(self._rows.of(np.array(connected, np.int32)))
        code = orders.code_of_appearance()
        evidence = self._evidence(at_ns, connected, orders, code)
        book, linkage = self._book.look_up(orders)
        known = {
            group_id: tuple(member.account_id for member in group.members)
            for group_id, group in self._groups.items()
        }
        findings = judge_groups(
            evidence, orders, book, known, self._run, self._params, self._classifier, linkage
        )
        news = tuple(f for f in findings if self._is_news(f.group))
        return news, summarize_members(news, orders, evidence.decisions, book)

    def _absorbed(self, found: tuple[GroupFinding, ...]) -> tuple[Group, ...]:
        """Return the provisional groups that were not found again but as a part of a new one."""
        members = {f.group.group_id: _accounts_of(f.group) for f in found}
        return tuple(
            group
            for group_id, group in sorted(self._groups.items())
            if group_id not in members
            and group.state != CONFIRMED
            and any(_accounts_of(group) <= accounts for accounts in members.values())
        )

    def _is_news(self, group: Group) -> bool:
        """Whether a closing has not confirmed the group already."""
        known = self._groups.get(group.group_id)
        return known is None or known.state != CONFIRMED

    def _connected(self, pairs: list[tuple[int, int]]) -> list[int]:
        """Return the accounts that pairs which passed connect with the given ones, ascending."""
        reached = {account for pair in pairs for account in pair}
        waiting = sorted(reached)
        while waiting:
            new = self._partners[waiting.pop()] - reached
            reached |= new
            waiting.extend(sorted(new))
        return sorted(reached)

    def _evidence(
        self, at_ns: int, accounts: list[int], orders: EncodedOrders, code: NDArray[np.int32]
    ) -> Evidence:
        pairs = self._pairs(accounts, code)
        clusters = find_clusters(pairs, ln_threshold=self._ln_threshold, params=self._params.groups)
        members = np.zeros(len(orders.accounts), np.bool_)
        members[code[accounts]] = True
        decisions = decisions_of(orders, members, self._params)
        tolerated = self._params.groups.tolerated_false_pairs
        span_days = max((at_ns - (self._first_ns or at_ns)) / DAY_NS, 1.0)
        return Evidence(
            pairs=pairs,
            ln_threshold=self._ln_threshold,
            market=self._market(at_ns, orders, decisions.family, code),
            decisions=decisions,
            later=orders.later_events(accounts=members),
            clusters=clusters,
            chance_groups_per_year=round(tolerated * YEAR_DAYS / span_days, 6),
            tolerated_false_pairs=tolerated,
            confirmed=False,
        )

    def _pairs(self, accounts: list[int], code: NDArray[np.int32]) -> PairEvidence:
        rows = sorted(
            (int(code[leader]), int(code[follower]), channel, *numbers)
            for leader in accounts
            for (follower, channel), numbers in self._passed.get(leader, {}).items()
        )
        leader, follower, channel, ln_e, answers, chances = zip(*rows, strict=True)
        return PairEvidence(
            leader=np.array(leader, np.int32),
            follower=np.array(follower, np.int32),
            channel=np.array(channel, np.int8),
            ln_e=np.array(ln_e, np.float64),
            answers=np.array(answers, np.int64),
            opportunities=np.array(chances, np.int64),
        )

    def _market(
        self,
        at_ns: int,
        orders: EncodedOrders,
        families: NDArray[np.int32],
        code: NDArray[np.int32],
    ) -> MarketLog:
        """Return everybody's decisions in some families up to a time, in the orders' codes."""
        code_of = {name: number for number, name in enumerate(self._families.texts)}
        theirs = {code_of[orders.families[f]]: f for f in np.unique(families).tolist()}
        logs = {}
        for key, log in self._detector.market_log(theirs).logs.items():
            n = int(np.searchsorted(log.event_time_ns, at_ns, side="right"))
            if n:
                logs[2 * theirs[key // 2] + key % 2] = KeyLog(
                    log.event_time_ns[:n], code[log.account[:n]]
                )
        return MarketLog(len(orders.accounts), logs)


_STOPS = pa.array(["stop", "stop_limit"])


def _at(crossings: Crossings, at_ns: int) -> Crossings:
    rows = crossings.time_ns == at_ns
    return Crossings(**{c.name: getattr(crossings, c.name)[rows] for c in fields(crossings)})


def _accounts_of(group: Group) -> set[str]:
    return {member.account_id for member in group.members}
