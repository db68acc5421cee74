"""The workshop's camera and its live page, also in a real browser, on a desk and on a phone."""

import json
import sqlite3
import threading
import urllib.error
import urllib.request
from contextlib import closing
from datetime import UTC, datetime, timedelta

import av
import pytest
from camera import KEPT, filmed
from live import server
from playwright.sync_api import expect, sync_playwright
from scene import Scene

SIZES = {"desktop": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage"]
TABLE = """create table occupancy (clip text, second float, at text, cars integer,
bay_1 boolean, bay_2 boolean, bay_3 boolean, bay_4 boolean, bay_5 boolean, bay_6 boolean)"""


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A workspace with one clip of the camera."""
    folder = tmp_path_factory.mktemp("live")
    filmed(folder / "data" / "clips", Scene(1, 30), 0)
    return folder


@pytest.fixture
def address(clip):
    """Where the page is."""
    with server(clip, 0) as listening:
        thread = threading.Thread(target=listening.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()
        thread.join()


@pytest.fixture
def store(clip):
    """Write moments into the table, as the flow does: seconds ago and the occupied bays of each."""

    def write(*moments):
        now = datetime.now(UTC).replace(tzinfo=None)
        with closing(sqlite3.connect(clip / "workshop.db")) as database, database:
            database.execute("drop table if exists occupancy")
            database.execute(TABLE)
            for ago, bays in moments:
                held = [bay in bays for bay in range(1, 7)]
                at = (now - timedelta(seconds=ago)).isoformat(sep=" ")
                row = ("camera-00000.mp4", 1.0, at, len(bays), *held)
                database.execute(f"insert into occupancy values ({','.join('?' * 10)})", row)

    yield write
    (clip / "workshop.db").unlink(missing_ok=True)


def got(url):
    """Ask for something."""
    with urllib.request.urlopen(url) as answer:
        return answer.read()


def test_before_anything_is_stored_nothing_was_seen(address):
    assert json.loads(got(f"{address}/state")) == {"seen": False}


def test_the_newest_moment_is_told_with_the_minutes_before_it(address, store):
    store((900, {1}), (200, {1, 2}), (10, {2, 3, 4}))

    state = json.loads(got(f"{address}/state"))

    assert state["cars"] == 3
    assert [bay for bay, held in state["bays"].items() if held] == ["bay_2", "bay_3", "bay_4"]
    assert state["lately"] == [[pytest.approx(-190, abs=1), 2], [0, 3]]


def test_a_frame_is_a_jpeg_of_the_clip(address):
    picture = got(f"{address}/frame?clip=camera-00000.mp4&second=1")

    assert picture.startswith(b"\xff\xd8")


@pytest.mark.parametrize(
    "path",
    [
        "/frame?clip=../../etc/passwd&second=0",
        "/frame?clip=none.mp4",
        "/frame?clip=camera-00000.mp4&second=x",
        "/frame?clip=camera-00000.mp4&second=999",
        "/workshop.db",
    ],
)
def test_nothing_else_is_told(address, path):
    with pytest.raises(urllib.error.HTTPError, match="404"):
        got(address + path)


def test_the_camera_films_one_scene_on_and_forgets_old_clips(tmp_path):
    for number in range(KEPT):
        (tmp_path / f"camera-{number:05d}.mp4").touch()

    record = filmed(tmp_path, Scene(1, 200), KEPT)

    names = sorted(path.name for path in tmp_path.iterdir())
    assert (len(names), names[0], names[-1]) == (KEPT, "camera-00001.mp4", record["clip"])
    with av.open(str(tmp_path / record["clip"])) as container:
        assert sum(1 for _ in container.decode(video=0)) == 20


@pytest.fixture(scope="module")
def browser(chromium):
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser, address, size):
    """An empty page; in the end the browser must have had nothing to complain of."""
    context = browser.new_context(viewport=SIZES[size], base_url=address)
    page, complaints = context.new_page(), []
    page.on(
        "console", lambda said: said.type in {"error", "warning"} and complaints.append(said.text)
    )
    page.on("pageerror", lambda failure: complaints.append(failure.message))
    yield page
    context.close()
    assert complaints == []


@pytest.mark.needs("chromium")
@pytest.mark.parametrize("size", SIZES)
def test_the_page_follows_the_table_and_is_not_wider_than_the_screen(page, store):
    page.goto("/")
    expect(page.get_by_role("status")).to_contain_text("Nothing was seen yet")

    store((100, {1}), (60, {1, 2}), (30, {1, 2, 6}))

    expect(page.locator("#cars")).to_have_text("3")
    expect(page.locator("#bays li.car")).to_have_text(["Bay 1car", "Bay 2car", "Bay 6car"])
    expect(page.get_by_role("img", name="3 of 6 bays hold a car")).to_be_visible()
    page.wait_for_function("document.getElementById('frame').naturalWidth === 384")
    store((1, set()))
    expect(page.locator("#cars")).to_have_text("0")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
