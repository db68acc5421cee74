"""The pages in a real browser, on a desk and on a phone."""

import threading

import pytest
from fake_sidecar import problem
from playwright.sync_api import expect, sync_playwright

from legacy_stub.serving import listen, web_server

pytestmark = pytest.mark.needs("chromium")

SIZES = {"desktop": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"),
]


@pytest.fixture(scope="module")
def browser(chromium):
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def address(app, scored):
    with listen("127.0.0.1", 0) as listener:
        server = web_server(app, listener)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def size():
    """On a desk, unless a test asks for more."""
    return "desktop"


@pytest.fixture
def page(browser, address, size):
    """An empty page; in the end the browser must have had nothing to complain of."""
    context = browser.new_context(viewport=SIZES[size], base_url=address)
    page = context.new_page()
    complaints = []
    page.on(
        "console", lambda said: said.type in {"error", "warning"} and complaints.append(said.text)
    )
    page.on("pageerror", lambda failure: complaints.append(failure.message))
    yield page
    context.close()
    assert complaints == []


BOTH = pytest.mark.parametrize("size", SIZES)


@BOTH
def test_no_page_is_wider_than_the_screen(page):
    for path in ("/customers", "/customers/C-00003", "/campaign", "/status", "/customers?q=xyz"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


@BOTH
def test_a_customer_is_searched_for_and_opened(page):
    page.goto("/customers")
    page.get_by_role("searchbox", name="Search").fill("mateo bianchi")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_test_id("total")).to_contain_text("found")

    page.get_by_role("link", name="Mateo Bianchi").first.click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Mateo Bianchi")
    expect(page.get_by_test_id("badge")).to_contain_text("risk")


@BOTH
def test_the_badge_says_so_when_there_is_no_prediction(page, fake):
    fake.predicting = problem(503, "overloaded")

    page.goto("/customers/C-00003")

    expect(page.get_by_test_id("badge")).to_have_text("No prediction")


def test_the_slider_changes_the_campaign(page):
    page.goto("/campaign?threshold=60")
    before = page.get_by_test_id("to-call").inner_text()

    page.get_by_role("slider").fill("70")
    page.wait_for_url("**/campaign?threshold=70")

    assert int(page.get_by_test_id("to-call").inner_text()) < int(before)


def test_the_status_follows_the_units_by_itself(page, sqlite_engine):
    page.goto("/status")
    with sqlite_engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM churn_scores")

    expect(page.get_by_text("No scores yet")).to_be_visible()


def test_everything_can_be_reached_with_the_keyboard(page):
    page.goto("/customers")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")

    assert page.evaluate("location.hash") == "#content"
