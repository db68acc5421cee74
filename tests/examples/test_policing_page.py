"""The page about the forecasts: all of it in one file, on a desk and on a phone."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

EXAMPLES = Path(__file__).parents[2] / "examples"
SIZES = {"desktop": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-component-update"]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """The page, with the density map in the place of the flow's forecast: it is there at once."""
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(EXAMPLES)
        from policing.fairness import feedback
        from policing.findings import city_found, earthquakes_found
        from policing.page import page

        def mapped(study, events):
            return study.density(events, study.later())

        rounds = feedback([0], 0.1)
        written = page(city_found(mapped), earthquakes_found(mapped), rounds)
    path = tmp_path_factory.mktemp("page") / "policing.html"
    path.write_text(written, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser(chromium):
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(params=SIZES)
def shown(browser, file, request):
    """The page, open; in the end the browser must have had nothing to complain of."""
    context = browser.new_context(viewport=SIZES[request.param], offline=True)
    page = context.new_page()
    complaints = []
    page.on("console", lambda said: complaints.append(said.text))
    page.on("pageerror", lambda failure: complaints.append(failure.message))
    page.goto(file.as_uri())
    yield page
    context.close()
    assert complaints == []


@pytest.mark.needs("chromium")
def test_it_is_no_wider_than_the_screen_and_names_its_maps(shown):
    assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert shown.get_by_role("img").count() == 7
    expect(shown.get_by_role("img", name="Forecast").first).to_be_visible()


@pytest.mark.needs("chromium")
def test_it_begins_with_what_it_is_not_for(shown):
    limits = shown.locator("main > :nth-child(2)")

    expect(limits).to_contain_text("Not for use on people")
    expect(limits).to_contain_text("not what happened")


def test_it_needs_no_other_file(file):
    text = file.read_text(encoding="utf-8")

    assert re.findall(r'(?:src|href)="(?!data:,)[^"]*"', text) == []
    assert "<script" not in text
    assert "$" not in text


def test_every_hot_spot_that_is_there_is_marked_and_none_that_is_gone(file):
    text = file.read_text(encoding="utf-8")

    assert text.count(">Station</text>") == text.count(">New Quarter</text>") == 2
    assert "Old Depot" not in text


def test_it_tells_the_bias_in_numbers(file):
    pattern = r"([\d.]+)% of Milltown is flagged and ([\d.]+)% of Parkside"
    mill, park = re.search(pattern, file.read_text(encoding="utf-8")).groups()

    assert float(mill) > 8
    assert float(park) < 2


def test_a_cell_without_events_is_light_and_the_most_is_dark(file, monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    from policing.heat_map import colour

    assert colour(0) == "#fff7ec"
    assert colour(1) == colour(7) == "#7f0000"
