"""A hosted model as its callers see it: what happens to its process becomes an error of ours."""

from collections import deque
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hosts import SCHEMA, START_S, a_batch, a_host, a_place, start
from liars import GOOD, Late, a_liar, a_model, framed
from waiting import wait_until

from minerva.algorithm import Explains, TrainingData
from minerva.errors import (
    AlgorithmFailed,
    DeadlineExceeded,
    InvalidConfiguration,
    InvalidData,
    TooLarge,
    Unavailable,
)
from minerva.layers.abstraction.runtimes import hosted
from minerva.layers.abstraction.runtimes.hosted import hosted_model
from minerva.layers.abstraction.runtimes.talk import inspect, ping, train


@pytest.fixture
def liar(place):
    """See `a_liar`."""
    with a_liar(place) as lie:
        yield lie


@pytest.fixture
def place():
    """A folder with room for sockets."""
    with a_place() as folder:
        yield folder


@pytest.mark.parametrize(
    "answer",
    [
        b"\xff\xff\xff\xff",
        b"HTTP/1.1 200 OK\r\n\r\n",
        framed(None),
        framed([1, [["y", "|O", [2], bytes(16)]]]),
        framed([1, [["y", "<f8", [3], bytes(16)]]]),
        framed([3, 0, 0.0, 0.0]),
        (2 * 1024**2).to_bytes(4, "little"),
    ],
    ids=["length", "http", "null", "objects", "shape", "pong", "size"],
)
def test_an_answer_that_cannot_be_read_is_a_failure(liar, answer):
    model, troubles = a_model(liar([answer], [GOOD]))

    with pytest.raises(AlgorithmFailed, match="an answer that cannot be read"):
        model.predict(a_batch())

    assert troubles == ["garbled"]
    assert model.predict(a_batch())["y"].tolist() == [0.0, 0.0]


def test_a_connection_that_was_late_is_not_used_again(liar):
    late = Late(framed([1, [["y", "<f8", [2], np.ones(2).tobytes()]]]))
    callers = [[GOOD]] * 50  # this one may be late too, on a machine that stands still
    model, troubles = a_model(liar([late, GOOD], *callers), deadline_ms=100)

    def answered():
        try:
            return model.predict(a_batch())
        except DeadlineExceeded:
            return None

    with pytest.raises(DeadlineExceeded, match="algorithm a did not answer within 100 ms"):
        model.predict(a_batch())
    late.go.set()

    assert troubles == ["deadline"]
    assert wait_until(answered)["y"].tolist() == [0.0, 0.0]


def test_a_host_that_does_not_listen_is_late_too(liar):
    model, troubles = a_model(liar([Late(b"")]), deadline_ms=200)

    with pytest.raises(DeadlineExceeded):
        model.predict(a_batch(rows=300_000))

    assert troubles == ["deadline"]


def test_a_host_that_ends_under_a_call_is_a_failure(liar):
    model, troubles = a_model(liar([GOOD, None]))
    model.predict(a_batch())

    with pytest.raises(AlgorithmFailed, match="ended while it was asked"):
        model.predict(a_batch())

    assert troubles == ["ended"]


def test_a_host_that_cannot_be_reached_is_looked_for_until_it_must_be_dead(place):
    looked = []
    model = hosted_model(
        lambda: looked.append(1) or str(place / "nobody"),
        algorithm="a",
        schema=SCHEMA,
        explains=False,
    )

    with pytest.raises(Unavailable, match="algorithm a cannot be reached"):
        model.predict(a_batch())

    assert len(looked) > 1


def test_a_host_that_moved_is_found(liar, place, monkeypatch):
    monkeypatch.setattr(hosted, "DYING_S", 60)
    places = deque([str(place / "nobody"), liar([GOOD])])
    model = hosted_model(places.popleft, algorithm="a", schema=SCHEMA, explains=False)

    assert model.predict(a_batch())["y"].tolist() == [0.0, 0.0]


def test_a_host_that_was_restarted_is_asked_again():
    with a_host() as host:
        model = host.model()
        assert model.predict(a_batch())["y"].tolist() == [2.0, 2.0]
        host.process.kill()

        again = start(host.process.spec, host.place)
        try:
            again.ready(START_S)
            assert model.predict(a_batch())["y"].tolist() == [2.0, 2.0]
        finally:
            again.kill()

        assert host.troubles == []


def test_errors_have_their_code_sentence_and_faults(liar):
    told = framed([7, "invalid_data", "No.", [["/x", "bad"]]])
    model, troubles = a_model(liar([told, framed([7, "not_permitted", "Do.", []])]))

    with pytest.raises(InvalidData, match="No") as raised:
        model.predict(a_batch())
    assert [(fault.where, fault.message) for fault in raised.value.faults] == [("/x", "bad")]
    with pytest.raises(AlgorithmFailed, match="Do"):
        model.predict(a_batch())
    assert troubles == []


def test_only_a_model_that_explains_offers_it(liar):
    path = liar([framed([1, [["explanation", "<f8", [2, 5], bytes(80)]]])])

    assert isinstance(a_model(path)[0], Explains)
    assert not isinstance(a_model(path, explains=False)[0], Explains)
    assert a_model(path)[0].explain(a_batch()).shape == (2, 5)


def test_saving_copies_the_files(place):
    (place / "v/model/deep").mkdir()
    (place / "v/model/deep/weights").write_text("w")
    (place / "copy").mkdir()

    a_model("", files=place / "v/model")[0].save(place / "copy")

    assert (place / "copy/deep/weights").read_text() == "w"
    with pytest.raises(Unavailable, match="not at hand"):
        a_model("")[0].save(place / "copy")


def test_a_closed_model_says_so(liar):
    model, _ = a_model(liar([GOOD, GOOD]))
    model.predict(a_batch())

    model.close()

    with pytest.raises(Unavailable, match="out of service"):
        model.predict(a_batch())


def test_closing_does_not_disturb_a_call(liar):
    late = Late(GOOD)
    model, _ = a_model(liar([late]))
    with ThreadPoolExecutor(1) as other:
        asking = other.submit(model.predict, a_batch())
        assert late.heard.wait(20)

        model.close()
        late.go.set()

        assert asking.result()["y"].tolist() == [0.0, 0.0]


def test_too_many_records_are_refused_before_they_are_sent(place):
    model, troubles = a_model(str(place / "nobody"))

    with pytest.raises(TooLarge):
        model.predict(a_batch(way="x" * 1000, rows=300_000))

    assert troubles == []


def some_data(rows):
    """Return training data whose targets sum up to something."""
    return TrainingData(a_batch(rows=rows), {"y": np.ones(rows) * 0.5})


@pytest.fixture
def private():
    """A host without a model."""
    with a_host(folder="", algorithm="wild.explaining") as running:
        yield running


def test_a_host_trains_keeps_its_model_and_answers(private):
    told = []
    spec = private.process.spec

    explains = train(
        spec.socket,
        algorithm="wild.explaining",
        data=some_data(200_000),
        seed=7,
        progress=lambda fraction, message: told.append((fraction, message)),
    )

    assert explains is True
    assert told == [(0.25, "begun ?")]
    files = private.scratch / "model"
    assert (files / "learnt.json").read_text() == '[200000, 100000.0, ["answer", "answer"], 7]'
    model = private.model(explains=explains, files=files)
    assert model.predict(a_batch(x=3.0))["y"].tolist() == [6.0, 6.0]
    (private.place / "copy").mkdir()
    model.save(private.place / "copy")
    assert (private.place / "copy/learnt.json").exists()


def test_an_algorithm_that_needs_no_data_gets_no_rows(private):
    spec = private.process.spec

    train(spec.socket, algorithm="a", data=some_data(0), seed=0, progress=lambda *_: None)

    assert (private.scratch / "model/learnt.json").read_text() == "[0, 0.0, [], 0]"


def test_a_host_without_a_model_says_so(private):
    with pytest.raises(InvalidConfiguration, match="has no model yet"):
        private.model().predict(a_batch())


@pytest.mark.parametrize(
    ("way", "error", "why"),
    [
        ("raise", AlgorithmFailed, "ValueError"),
        ("invalid", InvalidData, "Nothing to learn from"),
        ("segfault", AlgorithmFailed, "ended while it was asked"),
    ],
)
def test_a_training_that_fails_says_why(way, error, why):
    with a_host(folder="", parameters={"train": way}) as host, pytest.raises(error, match=why):
        train(
            host.process.spec.socket,
            algorithm="wild",
            data=some_data(3),
            seed=0,
            progress=lambda *_: None,
        )


def test_a_host_looks_into_files(tmp_path):
    wild, tame = tmp_path / "wild", tmp_path / "tame"
    wild.write_text("W")
    tame.write_text("T")
    with a_host(folder="", algorithm="wild.explaining", reads=(str(tmp_path),)) as host:
        spec = host.process.spec

        def look(path):
            return inspect(spec.socket, algorithm=spec.algorithm, path=path, timeout_s=60)

        assert look(wild).notes == ["begins with a W", "True"]
        with pytest.raises(InvalidData, match="tame is not wild"):
            look(tame)


def test_a_host_without_a_schema_only_looks(tmp_path):
    (tmp_path / "wild").write_text("W")
    reads = (str(tmp_path),)
    with a_host(folder="", schema={}, algorithm="wild.explaining", reads=reads) as host:
        socket_ = host.process.spec.socket

        found = inspect(socket_, algorithm="a", path=tmp_path / "wild", timeout_s=60)

        assert found.notes == ["begins with a W", "False"]
        with pytest.raises(AlgorithmFailed, match="ended while"):
            host.model().predict(a_batch())


def test_an_algorithm_that_imports_nothing_says_so():
    with a_host() as host, pytest.raises(InvalidConfiguration, match="imports no models"):
        inspect(host.process.spec.socket, algorithm="wild", path=host.place, timeout_s=60)


@pytest.mark.parametrize("answer", [framed([3, 0, 0.0, 0.0]), framed([6, b"no json"]), framed(5)])
def test_other_answers_than_asked_for_are_failures(liar, answer, tmp_path):
    with pytest.raises(AlgorithmFailed, match="cannot be read"):
        inspect(liar([answer]), algorithm="a", path=tmp_path, timeout_s=60)
    with pytest.raises(AlgorithmFailed, match="cannot be read"):
        train(
            liar([answer, answer]), algorithm="a", data=some_data(1), seed=0,
            progress=lambda *_: None,
        )  # fmt: skip


@pytest.mark.parametrize("lines", [[None], [GOOD], [framed(5)], [Late(b"")]])
def test_a_host_that_does_not_answer_a_ping_is_unavailable(liar, lines):
    with pytest.raises(Unavailable):
        ping(liar(lines), 0.1)


def test_nobody_is_unavailable(place):
    with pytest.raises(Unavailable):
        ping(str(place / "nobody"), 1)
