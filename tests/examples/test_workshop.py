"""The workshop's flow: drawn clips become numbers and positions of cars, which are stored."""

import csv
import io
import shutil
import sqlite3
import threading
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import lessons
import pytest
import yaml
from drawing import HERE, write_clip
from PIL import Image
from scene import Scene

from minerva.bootstrap import open_job
from minerva.errors import MinervaError
from minerva.layers.abstraction.services.parsing import parse_file
from minerva.layers.abstraction.serving.question import Question
from minerva.settings import load

LEFT_OUT = shutil.ignore_patterns("data", ".minerva", "workshop.db", "__pycache__")
SECONDS = 12
AT = "2026-02-02T08:00:00Z"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """A copy of the example with fewer clips, its table of lessons, and an empty database."""
    folder = tmp_path_factory.mktemp("workshop") / "workspace"
    shutil.copytree(HERE, folder, ignore=LEFT_OUT)
    for seed in range(100, 116):
        write_clip(folder / "data" / "lessons" / f"{seed}.mp4", seed, SECONDS)
    write_clip(folder / "data" / "clips" / "1.mp4", 1, SECONDS)
    lessons.main(folder)
    (folder / "workshop.db").touch()
    return folder


def make(container, path):
    """Declare a service and make its version."""
    declared = parse_file(path, container.versioning.check)
    configuration = container.registry.declare("default", declared, "test")
    told = container.versioning.make(
        configuration, job_id=None, author="test", progress=lambda *_, **__: None
    )
    assert told["promoted"]


@pytest.fixture(scope="module")
def container(workspace):
    """The parts of a process that serves the flow, with its classifier trained."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKSHOP_DB_URL", "sqlite:///workshop.db")
        with open_job(load(workspace, {})) as container:
            for path in ("services/bay.yaml", "flows/workshop.yaml"):
                make(container, workspace / path)
            container.live.refresh()
            yield container


@pytest.fixture
def ask(container):
    """Have the flow look at clips; return its predictions."""

    def asked(*clips):
        records = [{"clip": clip, "at": AT} for clip in clips]
        answer = container.predictor.predict("default", "workshop", Question(records=records))
        return list(answer.predictions)

    return asked


@pytest.fixture
def stored(workspace):
    """What the flow's table holds, in the order of time."""

    def read():
        with closing(sqlite3.connect(workspace / "workshop.db")) as database:
            database.row_factory = sqlite3.Row
            rows = database.execute("select * from occupancy order by clip, second")
            return [dict(row) for row in rows]

    return read


def truth(workspace, clip="1"):
    """Which bays hold a car, by full seconds of a clip."""
    with (workspace / "data" / "clips" / f"{clip}.csv").open() as file:
        rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
    return {row.pop("second"): row for row in rows if row["second"] % 1 == 0}


def test_the_classifier_knows_bays_of_clips_that_it_has_never_seen(container):
    version = container.registry.version("default", "bay", 1)

    assert version.manifest["data"]["held_out_rows"] >= 200
    assert version.metrics["balanced_accuracy"] > 0.96


def test_every_second_is_stored_with_the_positions_of_its_cars(workspace, ask, stored):
    ask("1.mp4")

    rows, true = stored(), truth(workspace)
    assert [row["second"] for row in rows] == sorted(true)
    right = [row[bay] == held for row in rows for bay, held in true[row["second"]].items()]
    assert sum(right) / len(right) > 0.95
    assert all(row["cars"] == sum(row[f"bay_{bay}"] for bay in range(1, 7)) for row in rows)
    assert {(row["clip"], row["at"]) for row in rows} == {("1.mp4", "2026-02-02 08:00:00.000000")}


def test_a_clip_is_told_by_what_holds_most_of_the_time(workspace, ask):
    (told,) = ask("1.mp4")

    moments = truth(workspace).values()
    sure = {
        bay: share > 0.5
        for bay in next(iter(moments))
        if abs((share := sum(row[bay] for row in moments) / len(moments)) - 0.5) > 0.1
    }
    assert len(sure) >= 4
    assert {bay: told[bay] for bay in sure} == sure
    assert told["cars"] == sum(told[f"bay_{bay}"] for bay in range(1, 7))


def test_a_clip_that_is_asked_about_twice_is_stored_once(ask, stored):
    ask("1.mp4")
    once = stored()

    ask("1.mp4", "1.mp4")

    assert stored() == once


class Camera(BaseHTTPRequestHandler):
    """Sends one JPEG after the other for as long as somebody looks."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=moment")
        self.end_headers()
        scene, second = Scene(1, 60), 5.0
        with suppress(OSError):
            while True:
                picture = io.BytesIO()
                Image.fromarray(scene.picture(second)).save(picture, "JPEG", quality=90)
                head = f"--moment\r\nContent-Type: image/jpeg\r\nContent-Length: {picture.tell()}"
                self.wfile.write(head.encode() + b"\r\n\r\n" + picture.getvalue() + b"\r\n")

    def log_message(self, *_):
        pass


@pytest.fixture
def camera():
    """Where a camera sends what stands in the workshop."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Camera)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/video"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_camera_that_never_ends_is_asked_for_a_moment(workspace, container, camera):
    frames = {"frames": {"parameters": {"hosts": ["127.0.0.1"], "most": 1}}}
    changed = {"service": "yard", "extends": "workshop", "parameters": {"steps": frames}}
    (workspace / "flows" / "yard.yaml").write_text(yaml.safe_dump(changed))
    make(container, workspace / "flows" / "yard.yaml")
    container.live.refresh()

    question = Question(records=[{"clip": camera, "at": AT}])
    (told,) = container.predictor.predict("default", "yard", question).predictions

    true = Scene(1, 60).truth(5.0)
    assert [told[f"bay_{bay}"] for bay in range(1, 7)] == true.tolist()


def test_of_a_clip_that_is_none_the_step_and_the_reason_are_told(workspace, ask):
    (workspace / "data" / "clips" / "bad.mp4").write_bytes(b"PK\x03\x04" + bytes(2000))

    with pytest.raises(MinervaError, match=r"(?s)frames.*no video that can be read"):
        ask("bad.mp4")
    with pytest.raises(MinervaError, match=r"(?s)frames.*no such video below the folder"):
        ask("../../minerva.toml")
