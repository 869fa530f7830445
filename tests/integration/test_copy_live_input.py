"""What a live copier reads and writes: repeats, names, bad input, the wire."""

import json
from collections.abc import Callable

import pytest
from helpers.copy_streams import TOPICS, Scene, published, records_of_plan
from helpers.copying import FOLLOWER, one_follower, size

from surveillance.livecopy.reference import FixedReference
from surveillance.store import Store


def test_a_sender_whose_clock_is_fast_makes_nobody_look_late(
    scene_of: Callable[..., Scene],
) -> None:
    scene = scene_of(one_follower())
    ahead = json.loads(scene.report(FOLLOWER, 5))
    ahead["event_time_ns"] += 30 * 1_000_000_000
    scene.write(TOPICS.account_updates, json.dumps(ahead).encode())
    scene.work()
    scene.wait(1)
    scene.trade("buy", 1, "1")
    scene.work()
    assert len(scene.copies()) == 1
    assert scene.view()["notices"] == []


def test_events_sent_twice_are_copied_once(scene_of: Callable[..., Scene]) -> None:
    scene = scene_of(one_follower())
    scene.trade("buy", 1, "1")
    scene.log[TOPICS.orders, 0] += [
        message._replace(offset=message.offset + 2) for message in scene.log[TOPICS.orders, 0]
    ]
    scene.work()
    assert len(scene.copies()) == 1
    assert scene.view()["leader"]["positions"] == {"ES": 1}


def test_firms_may_name_their_events_alike(scene_of: Callable[..., Scene]) -> None:
    scene = scene_of(one_follower())
    for firm_id in ("F1", "F2"):
        more = {"firm_id": firm_id, "event_id": "same", "order_type": "market"}
        scene.order("new", "buy", 1, order_id=firm_id, **more)
    scene.work()
    assert len(scene.copies()) == 2


def test_events_without_an_id_are_known_by_where_they_stand(scene_of: Callable[..., Scene]) -> None:
    scene = scene_of(one_follower())
    for order_id in ("1", "2"):
        scene.order("new", "buy", 1, order_id=order_id, event_id=None, order_type="market")
    scene.work()
    scene.close()
    scene.work()
    assert [row["parent_order_id"] for row in scene.copies()] == ["1", "2"]


def test_a_bad_report_of_an_account_is_a_dead_letter_the_rest_goes_on(
    scene_of: Callable[..., Scene],
) -> None:
    scene = scene_of(one_follower())
    bad = [
        b"",
        b"nonsense",
        b"[]",
        b'{"event_time_ns": 1}',
        scene.report(FOLLOWER, 5).replace(b": 5", b": 5.5"),
        scene.report(FOLLOWER, 2**63),
        scene.report("x" * 300, 5),
        json.dumps({**json.loads(scene.report(FOLLOWER, 5)), "event_time_ns": 7}).encode(),
    ]
    for value in bad:
        scene.write(TOPICS.account_updates, value)
    scene.write(TOPICS.account_updates, scene.report(FOLLOWER, 12_345))
    scene.trade("buy", 1, "1")
    scene.work()
    assert len(scene.copies()) == 1
    assert len(scene.topics.messages[TOPICS.dead_letters]) == len(bad)
    with Store.open(f"sqlite:///{scene.path}") as store:
        page = store.streams.list_dead_letters("copy/plan")
        assert [letter.reason.value for letter in page.letters] == [
            *("empty", "malformed", "field", "field", "field", "field", "field", "clock")
        ]
        assert store.streams.list_reconciliation("copy/plan").holds
    purse = scene.session().worker.machine.copier._group.followers[FOLLOWER].purse
    assert purse.balance_cents == 12_345


def test_bad_orders_are_counted_and_passed_over(scene_of: Callable[..., Scene]) -> None:
    scene = scene_of(one_follower())
    scene.write(TOPICS.orders, b"nonsense")
    scene.write(TOPICS.orders, None)
    scene.order("new", "sideways", 1, order_id="0")
    scene.trade("buy", 1, "1")
    scene.work()
    assert len(scene.copies()) == 1
    scene.wait(1)
    scene.close()
    scene.work()
    assert scene.view()["n_refused"] == 3


def test_a_copy_is_stamped_and_carries_the_columns_of_the_contract(
    scene_of: Callable[..., Scene],
) -> None:
    scene = scene_of(one_follower(size=size(2)))
    scene.trade("buy", 3, "o-1")
    scene.work()
    (copy,) = scene.copies()
    assert copy == {
        "event_time_ns": scene.time_ns,
        "account_id": FOLLOWER,
        "instrument_id": "ES",
        "side": "buy",
        "quantity": 6.0,
        "event_id": "plan/follower/e/v-1/0",
        "event_type": "new",
        "client_order_id": "plan/follower/e/v-1/0",
        "order_type": "market",
        "automated": True,
        "copy_group_id": "plan",
        "parent_order_id": "o-1",
    }
    assert published(scene)[0][0] == FOLLOWER.encode()


def test_quantities_on_the_wire_are_lots_times_lot_size(scene_of: Callable[..., Scene]) -> None:
    scene = scene_of(one_follower())
    scene.reference = FixedReference(records_of_plan(scene.plan, lot_sizes={"ES": 0.1}))
    scene.order("new", "buy", 0.3, order_id="1", order_type="market")
    scene.work()
    assert scene.copies()[0]["quantity"] == pytest.approx(0.3)
