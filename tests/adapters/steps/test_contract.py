"""The steps that reach outside keep the contract, on files, databases and a server of this machine."""

import sqlite3
import tempfile
from contextlib import closing

import av
import numpy as np
import pytest
from answering import answering

from minerva.adapters.steps.files import Files
from minerva.adapters.steps.frames import Frames
from minerva.adapters.steps.http import Http
from minerva.adapters.steps.plugin import minerva_steps
from minerva.adapters.steps.sql import Sql
from minerva.adapters.steps.table import Table
from minerva.testing import StepContract


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A folder with an album, a video and a database."""
    folder = tmp_path_factory.mktemp("workspace")
    for name in ("albums/anna/a.jpg", "albums/anna/b.jpg", "albums/ben/c.jpg"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())
    (folder / "videos").mkdir()
    (folder / "videos" / "clip.mp4").write_bytes(film())
    with closing(sqlite3.connect(folder / "shop.db")) as shop:
        shop.execute("create table visits (shop text, at real, persons integer)")
        shop.executemany("insert into visits values (?, ?, ?)", [("a", 1.5, 2), ("a", 2.5, 3)])
        shop.commit()
    return folder


def film():
    """The bytes of a video of two seconds."""
    with tempfile.NamedTemporaryFile() as file:
        with av.open(file.name, "w", format="mp4") as written:
            stream = written.add_stream("mpeg4", rate=5)
            stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
            for number in range(10):
                picture = np.full((32, 32, 3), 20 * number, np.uint8)
                written.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            written.mux(stream.encode(None))
        return file.read()


class InAWorkspace(StepContract):
    @pytest.fixture
    def workspace(self, begun):
        return begun


class TestFiles(InAWorkspace):
    step = Files()
    parameters = {"below": "albums"}
    columns = {"path": ["anna", "ben", "nobody"]}


class TestFrames(InAWorkspace):
    step = Frames()
    parameters = {"below": "videos"}
    columns = {"video": ["clip.mp4", "none.mp4"]}


class TestHttp(StepContract):
    step = Http()
    parameters = {"hosts": ["127.0.0.1"]}

    @pytest.fixture
    def columns(self):
        with answering() as server:
            server.prepared.extend([(200, b"picture", "image/png")] * 200)
            yield {"url": [f"http://127.0.0.1:{server.server_port}/one.png", "ftp://127.0.0.1/a"]}


class TestSql(InAWorkspace):
    step = Sql()
    parameters = {
        "url": "sqlite:///shop.db",
        "query": "select at, persons from visits where shop = :shop",
        "fields": {"at": {"type": "number"}, "persons": {"type": "integer"}},
    }
    fields = {"shop": {"type": "text"}}
    columns = {"shop": ["a", "b"]}


class TestTable(InAWorkspace):
    step = Table()
    parameters = {"url": "sqlite:///shop.db", "table": "stays", "key": ["clip"]}
    fields = {"clip": {"type": "text"}, "cars": {"type": "integer", "nullable": True}}
    columns = {"clip": ["a", "b", "c"], "cars": [1, None, 6]}


def test_every_built_in_step_is_held_to_the_contract():
    held = {one.step.name for one in (TestFiles, TestFrames, TestHttp, TestSql, TestTable)}

    assert held == {step.name for step in minerva_steps()}
