"""An object store that is half written, damaged, hostile or away."""

from __future__ import annotations

import json
import uuid

import fsspec
import pytest

from minerva.adapters.artefacts import open_artefacts
from minerva.adapters.artefacts.remote import RemoteArtefacts
from minerva.errors import InvalidConfiguration, InvalidData, NotFound, Unavailable
from minerva.testing.adapters import DIGEST


@pytest.fixture
def url():
    return f"memory://{uuid.uuid4().hex}"


@pytest.fixture
def place(url):
    return f"{url}/versions/01/{DIGEST}"


@pytest.fixture
def store(url, tmp_path):
    return open_artefacts(url, tmp_path / "cache")


def marker(place: str, content: str) -> None:
    with fsspec.open(f"{place}.complete", "w") as file:
        file.write(content)


def test_files_without_their_marker_are_no_artefact(store, place):
    with fsspec.open(f"{place}/model.ubj", "w") as file:
        file.write("half")

    with pytest.raises(NotFound):
        store.fetch(DIGEST)


def test_a_put_that_was_interrupted_is_finished_by_the_next(store, place, model):
    with fsspec.open(f"{place}/model.ubj", "w") as file:
        file.write("half")

    store.put(DIGEST, model)

    assert (store.fetch(DIGEST) / "model.ubj").read_bytes() == (model / "model.ubj").read_bytes()


def test_the_second_fetch_asks_the_store_for_nothing(store, url, model):
    store.put(DIGEST, model)
    first = store.fetch(DIGEST)
    fsspec.filesystem("memory").rm(url, recursive=True)

    assert store.fetch(DIGEST) == first
    assert (first / "manifest.json").read_text() == "{}"


@pytest.mark.parametrize(
    "name", ["../../escaped", "/tmp/escaped", "a/../../../escaped", "", ".", "a\\..\\b"]
)
def test_a_marker_that_leads_out_of_the_folder_is_refused(store, place, tmp_path, name):
    marker(place, json.dumps({"files": {name: 0}}))

    with pytest.raises(InvalidData, match="out of its folder"):
        store.fetch(DIGEST)

    assert list(tmp_path.rglob("escaped")) == []


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", "null"])
def test_a_damaged_marker_is_told(store, place, content):
    marker(place, content)

    with pytest.raises(InvalidData, match="damaged"):
        store.fetch(DIGEST)


def test_a_file_of_another_size_is_not_served(store, place, model, tmp_path):
    store.put(DIGEST, model)
    with fsspec.open(f"{place}/manifest.json", "w") as file:
        file.write("longer than before")

    with pytest.raises(InvalidData, match=r"manifest\.json"):
        store.fetch(DIGEST)

    assert not (tmp_path / "cache" / "versions").exists()


def test_a_missing_file_is_told_and_nothing_half_fetched_stays(store, place, model, tmp_path):
    store.put(DIGEST, model)
    fsspec.filesystem("memory").rm(f"{place}/model.ubj")

    with pytest.raises(Unavailable, match="fetched"):
        store.fetch(DIGEST)

    assert list((tmp_path / "cache" / "unfinished").iterdir()) == []


class AwayFileSystem(fsspec.AbstractFileSystem):
    """Fails as object store drivers do: with classes of their own and secrets in the text."""

    def _fail(self, *_, **__):
        raise RuntimeError("403 for key hunter2")

    info = cat_file = put_file = get_file = rm = exists = _fail


def test_a_store_that_is_away_is_unavailable_and_keeps_its_password(tmp_path, model):
    store = RemoteArtefacts(AwayFileSystem(), "bucket", tmp_path / "cache")

    for action in (
        lambda: store.put(DIGEST, model),
        lambda: store.fetch(DIGEST),
        lambda: store.delete(DIGEST),
    ):
        with pytest.raises(Unavailable) as raised:
            action()
        assert "RuntimeError" in raised.value.message
        assert "artefacts_url" in raised.value.message
        assert "hunter2" not in raised.value.message


def test_a_server_that_refuses_when_the_store_is_opened_is_unavailable(tmp_path):
    with pytest.raises(Unavailable, match="refused") as raised:
        open_artefacts("ftp://legacy:hunter2@127.0.0.1:1/models", tmp_path)

    assert "hunter2" not in raised.value.message


@pytest.mark.parametrize("url", ["nonsense://user:hunter2@host/x", "dropbox://user:hunter2@host/x"])
def test_a_protocol_that_cannot_be_used_is_told(url, tmp_path):
    with pytest.raises(InvalidConfiguration, match="artefacts_url") as raised:
        open_artefacts(url, tmp_path)

    assert "hunter2" not in raised.value.message


def test_what_an_interrupted_deletion_left_is_told_and_deleted(store, place):
    with fsspec.open(f"{place}/model.ubj", "w") as file:
        file.write("left")

    assert store.size(DIGEST) == 4
    store.delete(DIGEST)

    assert store.size(DIGEST) == 0
