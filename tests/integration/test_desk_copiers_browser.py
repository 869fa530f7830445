"""The copiers' pages in a real browser, under their real content security policy."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx
import pytest
from helpers.browser import WatchedPage, open_browser, watched_page
from helpers.copiers import (
    HOSTILE,
    HOSTILE_ACCOUNT,
    NEVER_RUN,
    RUNNING,
    SILENT,
    at_other_time,
    commit_view,
    fill_store,
    plan_of_two,
    view_of,
)
from playwright.sync_api import Browser, Page, expect

from streams.copier import CommandKind, Plan
from surveillance.api.server import RunningServer
from surveillance.clock import now_ns
from surveillance.store import Store
from surveillance.store.copying import CopyCommand
from surveillance.web.rendering import copier_path

pytestmark = pytest.mark.browser

PATHS = ("/copiers", *(copier_path(one) for one in (RUNNING, SILENT, NEVER_RUN, HOSTILE)))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture
def store(tmp_path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path}/s.db") as store:
        fill_store(store)
        yield store


@pytest.fixture
def desk(store: Store) -> Iterator[str]:
    def refuse(plan: Plan) -> None:
        store.copying.record_refusal(plan.plan_id, ["it is one for tests"], now_ns())

    with RunningServer(store, verify=refuse) as server:
        yield server.url


@pytest.fixture
def watched(browser: Browser) -> Iterator[WatchedPage]:
    with watched_page(browser) as opened:
        yield opened
        assert opened.problems == []


def newest(store: Store, plan_id: str = RUNNING) -> CopyCommand:
    return store.copying.copier(plan_id).commands[0]


def tab_to(page: Page, name: str, role: str = "button") -> None:
    """Press Tab until a control has the focus, as somebody without a mouse does."""
    wanted = page.get_by_role(role, name=name, exact=True).first  # type: ignore[arg-type]
    for _ in range(40):
        if wanted.evaluate("node => node === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no Tab leads to {name}")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_is_clean_and_fits(browser: Browser, desk: str, theme: str) -> None:
    for width in (1440, 1024, 390):
        with watched_page(browser, theme=theme, width=width) as watched:
            for path in PATHS:
                watched.page.goto(desk + path)
                overflow = watched.page.evaluate(
                    "document.documentElement.scrollWidth - innerWidth"
                )
                assert overflow <= 0, (path, width)
            assert watched.problems == []
            assert all(url.startswith(desk) for url in watched.requests)


def test_the_kill_switch_needs_no_mouse_and_asks_first(
    watched: WatchedPage, desk: str, store: Store
) -> None:
    page = watched.page
    page.goto(desk + copier_path(RUNNING))
    before = newest(store)
    tab_to(page, "Kill switch")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Stop all followers?")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#ask")).to_be_hidden()
    expect(page.get_by_role("button", name="Kill switch")).to_be_focused()
    page.keyboard.press("Enter")
    tab_to(page, "Cancel")
    page.keyboard.press("Enter")
    expect(page.locator("#ask")).to_be_hidden()
    assert newest(store) == before, "asking alone stops nobody"

    page.keyboard.press("Enter")
    tab_to(page, "Stop all followers")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text(f"Command {before.command_id + 1} is sent.")
    command = newest(store)
    assert (command.kind, command.account_id) == (CommandKind.KILL_AND_FLATTEN, None)
    row = page.locator("#commands tbody tr").first
    expect(row).to_contain_text("kill and flatten")
    expect(row).to_contain_text("waits")

    tab_to(page, "Kill switch")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    tab_to(page, "Stop all followers")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text(f"Command {before.command_id + 2} is sent.")
    assert newest(store).kind is CommandKind.KILL_AND_HOLD


def test_one_follower_is_armed_and_disarmed_whatever_its_name(
    watched: WatchedPage, desk: str, store: Store
) -> None:
    page = watched.page
    page.goto(desk + copier_path(HOSTILE))
    row = page.locator("#followers-card tbody tr").last
    for name, kind in (("Disarm", CommandKind.KILL_AND_HOLD), ("Arm", CommandKind.ARM)):
        number = newest(store, HOSTILE).command_id + 1
        row.get_by_role("button", name=name, exact=True).click()
        page.locator("#ask-confirm").click()
        expect(page.get_by_role("status")).to_have_text(f"Command {number} is sent.")
        command = newest(store, HOSTILE)
        assert (command.kind, command.account_id) == (kind, HOSTILE_ACCOUNT)


def test_a_command_to_a_copier_that_does_not_run_says_that_it_waits(
    watched: WatchedPage, desk: str
) -> None:
    page = watched.page
    page.goto(desk + copier_path(SILENT))
    page.get_by_role("button", name="Arm all").click()
    page.locator("#ask-confirm").click()
    expect(page.get_by_role("status")).to_contain_text("It waits until the copier runs.")


def test_what_changes_is_shown_without_losing_focus_or_place(
    watched: WatchedPage, desk: str, store: Store
) -> None:
    page, plan = watched.page, plan_of_two()
    alive = at_other_time(store, 3_600)
    epoch = alive.open_session(RUNNING)
    page.goto(desk + copier_path(RUNNING))
    kept = page.locator("#followers-card tbody tr").nth(1).get_by_role("button", name="Disarm")
    kept.focus()
    details = page.locator("#check-card details")
    details.locator("summary").evaluate("node => node.click()")
    view = view_of(plan, now_ns())
    view["followers"][0] |= {"state": "out_of_sync", "profit_cents": 987_654_321}
    view["notices"].append({**view["notices"][0], "text": "a new notice <b>"})
    commit_view(alive, plan, epoch, view)
    expect(page.get_by_text("$9,876,543.21")).to_be_visible()
    expect(page.locator("#followers-card .standing-out_of_sync")).to_be_visible()
    expect(page.locator(".notices tbody tr")).to_have_count(3)
    expect(page.get_by_text("a new notice <b>")).to_be_visible()
    expect(kept).to_be_focused()
    assert details.get_attribute("open") is not None
    assert page.locator("script").count() == 3


def test_a_server_that_is_gone_is_said(browser: Browser, store: Store) -> None:
    with watched_page(browser) as watched:
        with RunningServer(store) as server:
            watched.page.goto(server.url + copier_path(RUNNING))
        expect(watched.page.get_by_role("status")).to_contain_text("What is shown is old.")
        assert all("ERR_CONNECTION_REFUSED" in problem for problem in watched.problems)


def test_a_plan_is_verified_by_a_button(watched: WatchedPage, desk: str) -> None:
    page = watched.page
    page.goto(desk + copier_path(RUNNING))
    page.get_by_role("button", name="Verify").click()
    expect(page.get_by_role("status")).to_have_text("The plan is refused.")
    expect(page.get_by_text("it is one for tests")).to_be_visible()


class EmptyPage(BaseHTTPRequestHandler):
    """Answers every request with a page that has nothing on it, and no policy."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def stranger() -> Iterator[str]:
    """Another site on this machine: browsers keep pages from elsewhere off it by themselves."""
    with ThreadingHTTPServer(("127.0.0.1", 0), EmptyPage) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_a_page_of_another_site_changes_nothing(
    browser: Browser, desk: str, store: Store, stranger: str
) -> None:
    before = store.copying.copier(RUNNING)
    with watched_page(browser) as watched:
        page = watched.page
        page.goto(stranger)
        page.evaluate(
            """async (url) => {
              const body = JSON.stringify({ kind: "kill_and_flatten" });
              for (const type of ["application/json", "text/plain"]) {
                for (const mode of ["cors", "no-cors"]) {
                  for (const part of ["commands", "verify"]) {
                    const headers = { "content-type": type };
                    const asked = { method: "POST", mode, headers, body };
                    await fetch(`${url}/${part}`, asked).catch(() => null);
                  }
                }
              }
            }""",
            f"{desk}/v1/copiers/{RUNNING}",
        )
    assert 'method="POST",route="(none)",status="403"' in httpx.get(f"{desk}/metrics").text
    assert store.copying.copier(RUNNING) == before


def test_without_script_the_page_reads_and_names_the_command(browser: Browser, desk: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    try:
        page = context.new_page()
        page.goto(desk + copier_path(RUNNING))
        expect(page.get_by_role("img", name="Latency of the copies")).to_be_visible()
        expect(page.get_by_text("surveillance copy tell")).to_be_visible()
        expect(page.get_by_role("button", name="Kill switch")).to_be_hidden()
    finally:
        context.close()
