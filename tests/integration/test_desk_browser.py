"""The desk in a real browser, under its real content security policy."""

from collections.abc import Iterator

import pytest
from helpers.browser import open_browser, watched_page
from helpers.findings import HOSTILE_IDS, build_findings
from playwright.sync_api import Browser, expect

from surveillance.api.server import RunningServer
from surveillance.store import Store

pytestmark = pytest.mark.browser

PATHS = (
    "/",
    "/?verdict=EXTERNAL&sort=log10_e",
    "/?text=nothing-has-this",
    "/groups/g-0000",
    "/groups/g-0001?episode=2",
    "/groups/g-0002?day=2026-01-05",
    "/groups/g-0002?day=all",
    "/accounts/g0000-account-1",
    "/help/method",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    path = tmp_path_factory.mktemp("desk") / "desk.db"
    with Store.open(f"sqlite:///{path}") as store:
        store.record_run(build_findings(n_groups=20))
        with RunningServer(store) as server:
            yield server.url


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_every_page_is_clean_and_fits(browser: Browser, desk: str, theme: str, width: int) -> None:
    with watched_page(browser, theme=theme, width=width) as watched:
        for path in PATHS:
            watched.page.goto(desk + path)
            overflow = watched.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert overflow <= 0, path
        assert watched.problems == []
        assert all(url.startswith(desk) for url in watched.requests)


def test_a_list_without_a_run_is_clean(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("desk") / "empty.db"
    with (
        Store.open(f"sqlite:///{path}") as store,
        RunningServer(store) as server,
        watched_page(browser) as watched,
    ):
        watched.page.goto(server.url)
        expect(watched.page.get_by_role("heading", name="No run yet")).to_be_visible()
        assert watched.problems == []


def test_hostile_ids_stay_text(browser: Browser, desk: str) -> None:
    with watched_page(browser) as watched:
        page = watched.page
        for number in range(len(HOSTILE_IDS)):
            page.goto(f"{desk}/groups/g-{number:04d}")
            assert page.locator("script").count() == 2
            assert page.locator("img, iframe, object").count() == 0
            link = page.locator("[data-row] a").first
            link.click()
            expect(page.get_by_role("heading", name="Groups with this account")).to_be_visible()
        assert watched.problems == []


def test_keys_move_open_search_and_help(browser: Browser, desk: str) -> None:
    with watched_page(browser) as watched:
        page = watched.page
        page.goto(desk)
        links = page.locator("[data-row] a")
        page.keyboard.press("j")
        expect(links.nth(0)).to_be_focused()
        page.keyboard.press("j")
        page.keyboard.press("j")
        page.keyboard.press("k")
        expect(links.nth(1)).to_be_focused()
        address = links.nth(1).get_attribute("href")
        page.keyboard.press("Enter")
        page.wait_for_url(f"{desk}{address}")
        page.keyboard.press("u")
        page.wait_for_url(f"{desk}/")
        expect(page.locator("[data-row] a").nth(1)).to_be_focused()
        page.keyboard.press("/")
        expect(page.locator("[data-search]")).to_be_focused()
        page.keyboard.type("jk?/")
        expect(page.locator("[data-search]")).to_have_value("jk?/")
        page.keyboard.press("Escape")
        page.keyboard.press("?")
        expect(page.locator("dialog")).to_be_visible()
        assert watched.problems == []


def test_single_keys_can_be_switched_off(browser: Browser, desk: str) -> None:
    with watched_page(browser) as watched:
        page = watched.page
        page.goto(desk)
        page.get_by_role("button", name="Keys").click()
        page.get_by_label("Single keys are on").uncheck()
        page.get_by_role("button", name="Close").click()
        page.reload()
        page.keyboard.press("j")
        page.keyboard.press("?")
        expect(page.locator("[data-row] a").nth(0)).not_to_be_focused()
        expect(page.locator("dialog")).to_be_hidden()
        assert watched.problems == []


def test_a_filter_form_filters_and_going_back_returns(browser: Browser, desk: str) -> None:
    with watched_page(browser) as watched:
        page = watched.page
        page.goto(desk)
        n_all = page.locator("[data-row]").count()
        page.get_by_label("Subtype").select_option("signal")
        page.get_by_role("button", name="Apply").click()
        page.wait_for_url("**/?*subtype=signal*")
        n_signal = page.locator("[data-row]").count()
        assert 0 < n_signal < n_all
        page.locator("[data-row] a").first.click()
        expect(page.get_by_role("heading", name="Order timeline")).to_be_visible()
        page.locator("a[data-back]").click()
        expect(page.locator("[data-row]")).to_have_count(n_signal)
        page.get_by_role("link", name="Clear").click()
        expect(page.locator("[data-row]")).to_have_count(n_all)
        assert watched.problems == []


def test_the_theme_is_chosen_and_kept(browser: Browser, desk: str) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    with watched_page(browser, theme="light") as watched:
        page = watched.page
        page.goto(desk)
        light = page.evaluate(background)
        page.get_by_role("button", name="Dark").click()
        dark = page.evaluate(background)
        assert dark != light
        page.goto(f"{desk}/groups/g-0000")
        assert page.evaluate(background) == dark
        page.get_by_role("button", name="Auto").click()
        assert page.evaluate(background) == light
        assert watched.problems == []


def test_pages_work_without_script(browser: Browser, desk: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    try:
        page = context.new_page()
        page.goto(f"{desk}/?verdict=EXTERNAL")
        page.locator("[data-row] a").first.click()
        expect(page.get_by_role("img", name="Order timeline")).to_be_visible()
        expect(page.locator("#theme")).to_be_hidden()
    finally:
        context.close()
