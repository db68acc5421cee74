"""Inputs and outputs at URLs, with a file system in memory standing for an object store."""

import json

import fsspec
import pytest
from batches import people

from minerva.bootstrap import open_job
from minerva.errors import Conflict, InvalidInput, NotPermitted
from minerva.settings import load


@pytest.fixture
def store():
    """An empty object store."""
    filesystem = fsspec.filesystem("memory")
    filesystem.store.clear()
    filesystem.pipe_file(
        "/shop/people.ndjson", "".join(json.dumps(row) + "\n" for row in people(30)).encode()
    )
    yield filesystem
    filesystem.store.clear()


@pytest.fixture
def container(workspace, store):
    """The parts of a process whose callers may name the store."""
    (workspace / "minerva.toml").write_text('data_places = "data memory://shop"\n')
    with open_job(load(workspace, {})) as opened:
        yield opened


def test_an_object_is_scored_into_one_and_a_marker_says_that_it_is_whole(submit, work, store):
    result = work(
        submit(input="memory://shop/people.ndjson", output="memory://shop/scores.ndjson", parts=3)
    )

    content = store.cat_file("/shop/scores.ndjson")
    rows = [json.loads(line) for line in content.splitlines()]
    assert rows == [{"id": row["id"], "y": 2.0 * row["x"]} for row in people(30)]
    assert json.loads(store.cat_file("/shop/scores.ndjson.complete")) == {"bytes": len(content)}
    assert (result["rows"], result["parts"]) == (30, 3)
    assert sorted(store.find("/shop")) == [
        "/shop/people.ndjson", "/shop/scores.ndjson", "/shop/scores.ndjson.complete",
    ]  # fmt: skip


def test_an_object_that_exists_is_refused(submit, store):
    store.pipe_file("/shop/scores.ndjson", b"")

    with pytest.raises(Conflict, match="exists: name another one"):
        submit(input="memory://shop/people.ndjson", output="memory://shop/scores.ndjson")


@pytest.mark.parametrize("place", ["memory://other/people.ndjson", "s3://bucket/x.csv"])
def test_a_url_beside_the_allowed_ones_is_refused(submit, place):
    with pytest.raises(NotPermitted):
        submit(input=place, output="data/scores.ndjson")


def test_a_folder_of_objects_is_scored(submit, work, store, data):
    for number in range(2):
        store.pipe_file(f"/shop/in/{number}.csv", f"id,x\nc-{number},{number}\n".encode())

    result = work(submit(input="memory://shop/in", input_format="csv", output="data/s.ndjson"))

    assert result["rows"] == 2
    assert (data / "s.ndjson").read_text() == '{"id":"c-0","y":0.0}\n{"id":"c-1","y":2.0}\n'


def test_a_url_that_no_package_opens_is_refused(submit, workspace, container):
    from dataclasses import replace

    from minerva.layers.abstraction.jobs.places import Places

    kind = container.kinds()["batch"]
    places = Places(workspace, ("nowhere://x",))
    checking = replace(kind.scoring.checking, places=places)
    kind = replace(kind, scoring=replace(kind.scoring, checking=checking))
    configuration = container.registry.configuration("default", "value")

    with pytest.raises(InvalidInput, match="nowhere:// cannot be opened"):
        kind.check(configuration, {"input": "nowhere://x/a.csv", "output": "nowhere://x/b.csv"})
