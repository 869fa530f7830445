"""Money: whole cents, fees, and what copying costs against the leader."""

from fractions import Fraction

from helpers.copying import FOLLOWER, INSTRUMENTS, LEADER, Stage, copy_plan, follower_plan, size
from hypothesis import given
from hypothesis import strategies as st

from streams.copier.instruments import Instrument
from streams.copier.money import Ledger, Slippage

KNOWN = {one.instrument_id: one for one in INSTRUMENTS}

fills = st.lists(
    st.tuples(
        st.sampled_from(["ES", "MES", "NQ"]),
        st.integers(-9, 9).filter(bool),
        st.integers(20_000, 25_000),
    ),
    max_size=25,
)


@given(fills, st.integers(20_000, 25_000))
def test_profit_agrees_with_a_ledger_that_pairs_lots_first_in_first_out(
    trades: list[tuple[str, int, int]], mark: int
) -> None:
    marks = dict.fromkeys(KNOWN, mark)
    ledger = Ledger(KNOWN, marks, commission_cents=25)
    expected = Fraction()
    open_lots: dict[str, list[tuple[int, int]]] = {name: [] for name in KNOWN}
    for name, signed, price in trades:
        ledger.book(name, signed, price)
        value = KNOWN[name].tick_value_cents
        sign = 1 if signed > 0 else -1
        expected -= abs(signed) * (KNOWN[name].exchange_fee_cents + 25)
        for _ in range(abs(signed)):
            queue = open_lots[name]
            if queue and queue[0][0] == -sign:
                expected += sign * (queue.pop(0)[1] - price) * value
            else:
                queue.append((sign, price))
    for name, queue in open_lots.items():
        for sign, price in queue:
            expected += sign * (mark - price) * KNOWN[name].tick_value_cents
        assert ledger.line(name).lots == sum(sign for sign, _ in queue)
    assert ledger.profit_cents() == round(expected)


def test_each_account_pays_the_exchange_and_its_own_commission() -> None:
    plan = copy_plan(
        follower_plan("a", commission_cents=50), follower_plan("b"), leader_commission_cents=10
    )
    stage = Stage(plan)
    stage.trades("buy", 2, "L1", 6000.0)
    stage.trades("sell", 2, "L2", 6001.0)
    gross = 2 * 4 * 1_250
    assert stage.copier.profit_cents(LEADER) == gross - 4 * 150
    assert stage.copier.profit_cents("a") == gross - 4 * 190
    assert stage.copier.profit_cents("b") == gross - 4 * 140


def test_slippage_counts_what_was_worse_than_the_leaders_price() -> None:
    stage = Stage(copy_plan(follower_plan(size=size(2))))
    (order,) = stage.places("buy", 1, "L1")
    stage.gets("buy", 1, "L1", 6000.0)
    stage.fill(order, price=6000.5)  # two ticks above, two lots
    assert stage.copier.slippage(FOLLOWER) == Slippage(2, 4, 5_000)
    (order,) = stage.places("sell", 1, "L2")
    stage.gets("sell", 1, "L2", 6001.0)
    stage.fill(order, price=6001.25)  # a tick better
    assert stage.copier.slippage(FOLLOWER) == Slippage(4, 2, 2_500)


def test_an_inverse_copy_has_slippage_of_its_own_side() -> None:
    stage = Stage(copy_plan(follower_plan(size=size(-1))))
    (order,) = stage.places("buy", 1, "L1")
    stage.gets("buy", 1, "L1", 6000.0)
    stage.fill(order, price=5999.75)  # sold a tick lower
    assert stage.copier.slippage(FOLLOWER) == Slippage(1, 1, 1_250)


def test_half_cents_are_rounded_once() -> None:
    known = {"ZN": Instrument("ZN", "ZN", 1000.0, 0.015625)}
    ledger = Ledger(known, {})
    ledger.book("ZN", 1, 7_200)
    ledger.book("ZN", -1, 7_201)
    ledger.book("ZN", 1, 7_200)
    ledger.book("ZN", -1, 7_201)
    assert ledger.profit_cents() == 3_125
