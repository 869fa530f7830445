"""The live copier over topics in memory and a real store."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from helpers.copy_streams import TOPICS, Scene, published, records_of_plan
from helpers.copying import FOLLOWER, LEADER, copy_plan, follower_plan, one_follower, size
from helpers.crashing import CrashError

from streams.copier import CommandKind, Declaration
from streams.copier.plan import CopyMode, Limits, Response
from surveillance.errors import CopierError
from surveillance.livecopy.reference import FixedReference
from surveillance.store import Store

EVERY = 5
TWO = copy_plan(
    follower_plan("a", size=size("0.5")), follower_plan("b", size=size(-1)), mode=CopyMode.ORDERS
)


def day(scene: Scene) -> None:
    """Entries, resting orders, a change, a cancel, a reject, reports, commands, poison, time."""
    scene.work()
    scene.trade("buy", 2, "1")
    scene.work()
    scene.wait(1)
    scene.order("new", "buy", 4, order_id="2", order_type="limit", limit_price=5_990.0)
    scene.write(TOPICS.orders, b"not an order")
    scene.work()
    scene.wait(1)
    scene.order("replace", "buy", 6, order_id="2", order_type="limit", limit_price=5_991.0)
    scene.order("new", "sell", 9, account_id="somebody", order_id="x", order_type="market")
    scene.work()
    scene.wait(1)
    scene.order("cancel", "buy", 6, order_id="2")
    scene.write(TOPICS.account_updates, scene.report("a", 10_000_000))
    scene.write(TOPICS.account_updates, b"{}")
    scene.work()
    scene.wait(1)
    scene.tell(CommandKind.KILL_AND_FLATTEN, "b")
    scene.trade("buy", 2, "3")
    scene.work()
    scene.wait(1)
    scene.tell(CommandKind.ARM, None)
    scene.trade("sell", 4, "4")
    scene.work()
    for number in range(12):
        scene.wait(1)
        scene.trade("buy" if number % 2 else "sell", 2, f"more-{number}")
        scene.work()


def shown(scene: Scene) -> dict[str, Any]:
    """Return the view without what is measured by a clock."""
    view = scene.view()
    for one in view["followers"]:
        del one["latency"]
    return view


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    scene = Scene(TWO, tmp_path_factory.mktemp("whole") / "s.db")
    day(scene)
    yield scene
    scene.close()


def test_an_undisturbed_day_shows_everything_that_a_crash_could_spoil(whole: Scene) -> None:
    assert {row["event_type"] for row in whole.copies()} == {"new", "replace", "cancel"}
    codes = {notice["code"] for notice in whole.view()["notices"]}
    assert {"disarmed", "flattened"} <= codes
    assert whole.view()["n_refused"] == 1
    points = Counter(whole.fuse.passed)
    assert set(points) == {
        f"{when} {what}"
        for when in ("before", "after")
        for what in ("the commit of a step", "sending", "acknowledging")
    }


@pytest.mark.parametrize("first", range(EVERY))
def test_killed_at_every_fifth_point_every_copy_is_sent_exactly_once(
    first: int, scene_of: Callable[..., Scene], whole: Scene
) -> None:
    scene = scene_of(TWO, crashes=range(first, 10_000, EVERY))
    day(scene)
    assert len(scene.fuse.passed) // EVERY >= 15, "that many crashes"
    assert published(scene) == published(whole)
    assert shown(scene) == shown(whole)


@pytest.mark.slow
def test_killed_at_any_point_every_copy_is_sent_exactly_once(
    scene_of: Callable[..., Scene], whole: Scene
) -> None:
    for point in range(len(whole.fuse.passed)):
        scene = scene_of(TWO, name=str(point), crashes=(point,))
        day(scene)
        assert published(scene) == published(whole), f"killed at point {point}"
        assert shown(scene) == shown(whole), f"killed at point {point}"
        scene.close()


def test_the_live_view_tells_positions_fidelity_and_latency(
    scene_of: Callable[..., Scene],
) -> None:
    scene = scene_of(TWO)
    scene.trade("buy", 4, "1")
    scene.work()
    scene.wait(1)
    scene.work()
    view = scene.view()
    assert view["leader"] == {"account_id": LEADER, "positions": {"ES": 4}, "profit_cents": -560}
    a, b = view["followers"]
    assert (a["positions"], a["targets"]) == ({"ES": 2}, {"ES": 2})
    assert (b["positions"], b["targets"]) == ({"ES": -4}, {"ES": -4})
    assert (a["n_orders"], a["n_fills"], a["n_rejects"]) == (1, 1, 0)
    assert a["fidelity"] == {
        "copied": 1,
        "missed": 0,
        "rejected": 0,
        "planned_ratio": "0.5",
        "realized_ratio": 0.5,
    }
    assert b["fidelity"]["realized_ratio"] == -1.0
    assert sum(a["latency"]["counts"]) == 1
    assert len(a["latency"]["counts"]) == len(view["latency_bounds_ms"]) + 1
    assert 0 < a["latency"]["p50_ms"] <= a["latency"]["p99_ms"] <= a["latency"]["worst_ms"]


def test_latencies_are_kept_over_a_restart(scene_of: Callable[..., Scene]) -> None:
    scene = scene_of(one_follower())
    for number in range(3):
        scene.trade("buy", 1, str(number))
        scene.work()
        scene.close()
        scene.wait(1)
        scene.work()
    assert sum(scene.view()["followers"][0]["latency"]["counts"]) == 3


def test_an_entry_of_the_downtime_is_not_copied_an_exit_is(scene_of: Callable[..., Scene]) -> None:
    scene = scene_of(one_follower())
    scene.trade("buy", 2, "1")
    scene.work()
    scene.close()
    scene.wait(1)
    scene.trade("sell", 2, "2")
    scene.trade("buy", 5, "3")
    scene.wait(60)
    scene.work()
    sent = [(row["side"], row["quantity"]) for row in scene.copies()]
    assert sent == [("buy", 2.0), ("sell", 2.0)]
    assert "late_entry" in {notice["code"] for notice in scene.view()["notices"]}


def test_answers_of_the_downtime_count_before_anything_is_overdue(
    scene_of: Callable[..., Scene],
) -> None:
    scene = scene_of(one_follower())
    scene.work()
    scene.trade("buy", 2, "1")
    session = scene.session()
    session.worker.step(0.0)
    session.publisher.publish()
    scene.close()
    scene._answer()
    scene.wait(60)
    scene.work()
    view = scene.view()
    assert view["followers"][0]["state"] == "on"
    assert view["followers"][0]["positions"] == {"ES": 2}
    assert view["notices"] == []


def test_silence_of_the_venue_is_noticed_by_the_wall_clock(scene_of: Callable[..., Scene]) -> None:
    scene = scene_of(one_follower())
    scene.answers = False
    scene.trade("buy", 2, "1")
    scene.work()
    scene.wait(6)
    scene.work()
    assert "ack_missing" in {notice["code"] for notice in scene.view()["notices"]}


def test_a_second_run_of_the_plan_ends_the_first(scene_of: Callable[..., Scene]) -> None:
    scene = scene_of(one_follower())
    first = scene.session()
    scene._session = None
    second = scene.session()
    scene.trade("buy", 1, "1")
    second.worker.step(0.0)
    second.publisher.publish()
    with pytest.raises(CopierError, match="another `copy run` has it"):
        first.worker.step(0.0)
    assert len(scene.copies()) == 1


def test_a_kill_switch_is_obeyed_once_also_after_a_crash(scene_of: Callable[..., Scene]) -> None:
    scene = scene_of(one_follower())
    scene.trade("buy", 2, "1")
    scene.work()
    scene.tell(CommandKind.KILL_AND_FLATTEN, None)
    scene.wait(1)
    scene.work()
    assert scene.view()["followers"][0]["positions"] == {}
    scene.tell(CommandKind.ARM, FOLLOWER)
    scene.wait(1)
    scene.work()
    scene.close()
    scene.wait(1)
    scene.work()
    assert scene.view()["followers"][0]["state"] == "on"
    with Store.open(f"sqlite:///{scene.path}") as store:
        assert all(one.is_obeyed for one in store.copying.copier("plan").commands)


@pytest.mark.parametrize("response", list(Response))
def test_a_declaration_that_ends_stops_its_follower_within_a_minute(
    response: Response, scene_of: Callable[..., Scene]
) -> None:
    plan = copy_plan(follower_plan("a", limits=Limits(when_locked=response)), follower_plan("b"))
    scene = scene_of(plan)
    ends_ns = scene.time_ns + 30 * 1_000_000_000
    declared = (
        Declaration("declaration", LEADER, "a", None, ends_ns),
        Declaration("declaration", LEADER, "b"),
    )
    scene.reference = FixedReference(records_of_plan(plan, declarations=declared))
    scene.trade("buy", 1, "1")
    scene.work()
    scene.wait(61)
    scene.work()
    scene.trade("buy", 1, "2")
    scene.work()
    a, b = scene.view()["followers"]
    assert (a["state"], b["state"]) == ("disarmed", "on")
    assert a["positions"] == ({} if response is Response.FLATTEN else {"ES": 1})
    assert b["positions"] == {"ES": 2}
    texts = [n["text"] for n in scene.view()["notices"] if n["code"] == "disarmed"]
    assert len(texts) == 1
    assert "does not cover a behind leader" in texts[0]
    scene.tell(CommandKind.ARM, None)  # a person cannot arm what is not declared
    scene.wait(1)
    scene.work()
    assert scene.view()["followers"][0]["state"] == "disarmed"


def test_an_owner_that_changes_stops_everybody_behind_the_leader(
    scene_of: Callable[..., Scene],
) -> None:
    scene = scene_of(TWO)
    scene.work()
    owners = {LEADER: "somebody", "a": "owner", "b": "owner"}
    scene.session().worker._reference = FixedReference(records_of_plan(TWO, owners=owners))
    scene.wait(61)
    scene.work()
    assert [one["state"] for one in scene.view()["followers"]] == ["disarmed", "disarmed"]


def test_a_changed_plan_begins_anew_only_when_nothing_is_held(
    scene_of: Callable[..., Scene],
) -> None:
    scene = scene_of(one_follower())
    scene.trade("buy", 1, "1")
    scene.work()
    scene.close()
    scene.wait(11)
    scene.plan = one_follower(size=size(3))
    with pytest.raises(CopierError, match="has changed while accounts hold positions"):
        scene.work()
    scene.close()
    scene.wait(11)
    scene.plan = one_follower()
    scene.trade("sell", 1, "2")
    scene.work()
    scene.close()
    scene.wait(11)
    scene.plan = one_follower(size=size(3))
    scene.trade("buy", 1, "3")
    scene.work()
    assert scene.copies()[-1]["quantity"] == 3.0


def test_a_step_that_fails_to_commit_sends_nothing(scene_of: Callable[..., Scene]) -> None:
    scene = scene_of(one_follower())
    scene.work()
    n_before = len(scene.fuse.passed)
    scene.fuse.at = {n_before}
    scene.trade("buy", 1, "1")
    with pytest.raises(CrashError):
        scene.session().worker.step(0.0)
    assert scene.copies() == []
