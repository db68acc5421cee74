"""Contracts of the ports to the outside. Subclass one, give its fixtures, and pytest runs its tests.

class TestMyQueue(JobQueueContract):
    @pytest.fixture
    def queue(self):
        return MyQueue()

    @pytest.fixture
    def receive(self, queue):
        return queue.take
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from minerva.errors import InvalidConfiguration, InvalidData, NotFound
from minerva.testing.fixtures import wanted

if TYPE_CHECKING:
    from minerva.layers.abstraction.jobs.store import JobQueue
    from minerva.layers.abstraction.registry.store import ArtefactStore
    from minerva.layers.abstraction.training.source import DataSource

DIGEST = "0123456789abcdef" * 4
OTHER_DIGEST = "fedcba9876543210" * 4


class JobQueueContract:
    """What every JobQueue does."""

    @pytest.fixture
    def queue(self) -> JobQueue:
        """Return an empty queue."""
        raise wanted(self, "queue", "an empty JobQueue")

    @pytest.fixture
    def receive(self) -> Callable[[], str | None]:
        """Return a function that takes the next id as a worker does; None if none is there."""
        raise wanted(self, "receive", "a function that takes the next id as a worker does, or None")

    def test_gives_nothing_before_something_is_sent(
        self, queue: JobQueue, receive: Callable[[], str | None]
    ) -> None:
        assert queue is not None
        assert receive() is None

    def test_carries_an_id_to_a_worker(
        self, queue: JobQueue, receive: Callable[[], str | None]
    ) -> None:
        queue.send("job-1", "train")

        assert receive() == "job-1"

    def test_carries_an_id_again_when_it_is_sent_again(
        self, queue: JobQueue, receive: Callable[[], str | None]
    ) -> None:
        queue.send("job-1", "train")
        queue.send("job-1", "train")

        assert [receive(), receive()] == ["job-1", "job-1"]

    def test_carries_every_id_of_many_threads(
        self, queue: JobQueue, receive: Callable[[], str | None]
    ) -> None:
        sent = {f"job-{number}" for number in range(40)}
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda job_id: queue.send(job_id, "train"), sent))

        received = [receive() for _ in sent]

        assert set(received) == sent
        assert receive() is None


class ArtefactStoreContract:
    """What every ArtefactStore does."""

    @pytest.fixture
    def store(self) -> ArtefactStore:
        """Return an empty store."""
        raise wanted(self, "store", "an empty ArtefactStore")

    @pytest.fixture
    def model(self, tmp_path: Path) -> Path:
        """Return a folder to store."""
        folder = tmp_path / "model-to-store"
        (folder / "trees").mkdir(parents=True)
        (folder / "manifest.json").write_text("{}")
        (folder / "trees" / "model.ubj").write_bytes(bytes(range(256)) * 100)
        (folder / "empty").write_bytes(b"")
        return folder

    def test_gives_back_the_files_that_were_put(self, store: ArtefactStore, model: Path) -> None:
        store.put(DIGEST, model)

        assert content(store.fetch(DIGEST)) == content(model)

    def test_still_has_them_when_the_source_folder_is_changed(
        self, store: ArtefactStore, model: Path
    ) -> None:
        before = content(model)
        store.put(DIGEST, model)
        (model / "manifest.json").write_text("changed")

        assert content(store.fetch(DIGEST)) == before

    def test_changes_nothing_when_the_same_digest_is_put_again(
        self, store: ArtefactStore, model: Path
    ) -> None:
        before = content(model)
        store.put(DIGEST, model)
        (model / "manifest.json").write_text("changed")

        store.put(DIGEST, model)

        assert content(store.fetch(DIGEST)) == before

    def test_stores_once_what_many_put_at_once(self, store: ArtefactStore, model: Path) -> None:
        start = threading.Barrier(6)

        def put(_: int) -> None:
            start.wait()
            store.put(DIGEST, model)

        with ThreadPoolExecutor(6) as threads:
            list(threads.map(put, range(6)))

        assert content(store.fetch(DIGEST)) == content(model)

    def test_gives_the_same_files_to_many_that_fetch_at_once(
        self, store: ArtefactStore, model: Path
    ) -> None:
        store.put(DIGEST, model)
        start = threading.Barrier(6)

        def fetch(_: int) -> dict[str, bytes]:
            start.wait()
            return content(store.fetch(DIGEST))

        with ThreadPoolExecutor(6) as threads:
            fetched = list(threads.map(fetch, range(6)))

        assert fetched == [content(model)] * 6

    def test_says_what_it_does_not_have(self, store: ArtefactStore, model: Path) -> None:
        store.put(DIGEST, model)

        with pytest.raises(NotFound, match="fedcba987654"):
            store.fetch(OTHER_DIGEST)

    def test_forgets_what_is_deleted_and_nothing_else(
        self, store: ArtefactStore, model: Path
    ) -> None:
        store.put(DIGEST, model)
        store.put(OTHER_DIGEST, model)
        store.fetch(DIGEST)

        store.delete(DIGEST)

        assert content(store.fetch(OTHER_DIGEST)) == content(model)
        with pytest.raises(NotFound):
            store.fetch(DIGEST)

    def test_tells_what_deleting_would_free(self, store: ArtefactStore, model: Path) -> None:
        store.put(DIGEST, model)
        files = sum(len(data) for data in content(model).values())

        assert files <= store.size(DIGEST) < files + 1000  # a store may keep a few bytes of its own
        assert store.size(OTHER_DIGEST) == 0
        store.delete(DIGEST)
        assert store.size(DIGEST) == 0

    def test_deletes_what_is_not_there_without_complaint(self, store: ArtefactStore) -> None:
        store.delete(DIGEST)

        with pytest.raises(NotFound):
            store.fetch(DIGEST)

    def test_takes_a_deleted_artefact_again(self, store: ArtefactStore, model: Path) -> None:
        store.put(DIGEST, model)
        store.delete(DIGEST)

        store.put(DIGEST, model)

        assert content(store.fetch(DIGEST)) == content(model)

    @pytest.mark.parametrize(
        "digest", ["", "..", "../" * 21 + "x", "A" * 64, "0" * 63, "0" * 64 + "\n"]
    )
    def test_refuses_what_is_not_a_digest(
        self, store: ArtefactStore, model: Path, digest: str
    ) -> None:
        for action in (
            store.fetch,
            store.delete,
            store.size,
            lambda wrong: store.put(wrong, model),
        ):
            with pytest.raises(InvalidData, match="64 lower-case hexadecimal"):
                action(digest)

    def test_refuses_a_link_that_leads_out_of_the_folder(
        self, store: ArtefactStore, model: Path, tmp_path: Path
    ) -> None:
        secret = tmp_path / "secret"
        secret.write_text("secret")
        (model / "link").symlink_to(secret)

        with pytest.raises(InvalidData, match="link"):
            store.put(DIGEST, model)

        with pytest.raises(NotFound):
            store.fetch(DIGEST)


def content(folder: Path) -> dict[str, bytes]:
    """Return name → bytes of all files below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


CUSTOMERS: Sequence[tuple[str, int, float]] = (
    ("a-1", 12, 70.5),
    ("a-2", 0, 20.25),
    ('é, "quoted"', 72, 118.75),
    ("a-4", 3, 1.0),
    ("a-5", 5, 5.5),
)
"""Rows (`id`, `tenure`, `charges`) that a source under DataSourceContract holds, in this order."""


class DataSourceContract:
    """What every DataSource does."""

    has_lookup = False
    """Whether `source` answers keys; the key is `id`."""
    has_header = True
    """Whether the columns are known where there are no rows."""

    @pytest.fixture
    def source(self) -> DataSource:
        """Return a source that holds CUSTOMERS."""
        raise wanted(self, "source", "a DataSource that holds CUSTOMERS")

    @pytest.fixture
    def empty_source(self) -> DataSource:
        """Return a source with the same columns and no rows."""
        raise wanted(self, "empty_source", "a DataSource with the columns of CUSTOMERS and no rows")

    def test_yields_the_table_in_order_and_in_chunks(self, source: DataSource) -> None:
        frames = list(source.frames(2))

        assert [len(frame) for frame in frames] == [2, 2, 1]
        assert [rows(frame) for frame in frames] == [
            list(CUSTOMERS[:2]),
            list(CUSTOMERS[2:4]),
            list(CUSTOMERS[4:]),
        ]

    def test_yields_one_frame_when_all_rows_fit(self, source: DataSource) -> None:
        assert [rows(frame) for frame in source.frames(5)] == [list(CUSTOMERS)]

    def test_can_be_read_again(self, source: DataSource) -> None:
        first = [rows(frame) for frame in source.frames(3)]

        assert [rows(frame) for frame in source.frames(3)] == first

    def test_can_be_left_half_read(self, source: DataSource) -> None:
        frames = source.frames(1)
        next(frames)
        del frames

        assert rows(next(iter(source.frames(1)))) == [CUSTOMERS[0]]

    def test_names_the_columns_even_without_rows(self, empty_source: DataSource) -> None:
        (frame,) = empty_source.frames(10)

        assert list(frame.columns) == (["id", "tenure", "charges"] if self.has_header else [])
        assert len(frame) == 0

    def test_answers_keys_in_order_repeated_and_unknown_ones_too(self, source: DataSource) -> None:
        if not self.has_lookup:
            with pytest.raises(InvalidConfiguration, match="lookup needs source: sql"):
                source.lookup(["a-1"])
            return

        records = source.lookup(["a-4", "nobody", "a-1", "a-4"])

        first, fourth = ({"id": i, "tenure": t, "charges": c} for i, t, c in CUSTOMERS[0:4:3])
        assert records == [fourth, None, first, fourth]

    def test_answers_no_keys_with_no_records(self, source: DataSource) -> None:
        if self.has_lookup:
            assert source.lookup([]) == []
        else:
            with pytest.raises(InvalidConfiguration):
                source.lookup([])


def rows(frame: Any) -> list[tuple[str, int, float]]:
    """Return a frame's rows with the types of CUSTOMERS, whatever the source's types are."""
    return [
        (str(row.id), int(row.tenure), float(row.charges)) for row in frame.itertuples(index=False)
    ]
