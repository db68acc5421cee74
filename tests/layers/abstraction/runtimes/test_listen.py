"""The inside of a host without its process: socket, connections, conversations."""

import socket
import stat
import threading
from contextlib import suppress

import numpy as np
import pytest
from hosts import SCHEMA, a_batch, a_place, a_spec
from structlog.testing import capture_logs
from waiting import wait_until

from minerva.algorithm import TrainingData
from minerva.errors import (
    AlgorithmFailed,
    Conflict,
    InvalidConfiguration,
    InvalidData,
    InvalidInput,
    TooLarge,
)
from minerva.layers.abstraction.runtimes import wire
from minerva.layers.abstraction.runtimes.binding import bound
from minerva.layers.abstraction.runtimes.host import REPORT_EVERY_S, Host, Reporter
from minerva.layers.abstraction.runtimes.hosted import hosted_model
from minerva.layers.abstraction.runtimes.listen import BACKLOG, answer_all
from minerva.layers.abstraction.runtimes.opening import open_host
from minerva.layers.abstraction.runtimes.talk import inspect, ping, train


@pytest.fixture
def place():
    """A folder with room for sockets."""
    with a_place() as folder:
        yield folder


@pytest.fixture
def serve(place):
    """Serve a host of this process; returns the host."""
    stopping, opened = threading.Event(), []

    def served(host=None, **parts):
        host = host or open_host(a_spec(place, **parts))
        listening = bound(host.spec.socket)
        listening.listen(BACKLOG)
        threads = threading.Thread(target=answer_all, args=(host, listening, stopping))
        threads.start()
        opened.append((listening, threads))
        return host

    yield served
    stopping.set()
    for listening, threads in opened:
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        threads.join(20)
        listening.close()
        assert not threads.is_alive()


def asking(host, **parts):
    """Return a model that asks the host."""
    members = {"algorithm": "wild", "schema": SCHEMA, "explains": host.explains}
    return hosted_model(lambda: host.spec.socket, **(members | parts))


def test_a_socket_is_its_users_own_and_replaces_a_dead_ones(place):
    path = place / "s/h"
    path.write_text("left behind")

    with bound(str(path)):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_socket_in_no_folder_is_an_error(place):
    with pytest.raises(OSError, match="No such file"):
        bound(str(place / "nowhere/h"))


def test_a_host_answers_what_it_is_asked(serve):
    host = serve(algorithm="wild.explaining")
    model = asking(host)

    assert model.predict(a_batch(x=2.0))["y"].tolist() == [4.0, 4.0]
    assert model.explain(a_batch()).shape == (2, 5)
    with capture_logs() as events, pytest.raises(AlgorithmFailed, match="ValueError"):
        model.predict(a_batch("raise"))
    assert [(one["event"], one["algorithm"]) for one in events] == [
        ("model.raised", "wild.explaining")
    ]
    with pytest.raises(InvalidData, match="Nothing"), capture_logs():
        model.predict(a_batch("invalid"))
    with pytest.raises(AlgorithmFailed, match="Odd"), capture_logs():
        model.predict(a_batch("odd"))
    assert ping(host.spec.socket, 60).calls == 5


def test_a_host_trains_and_is_asked_then(serve, place):
    host = serve(folder="", algorithm="wild.explaining")
    data = TrainingData(a_batch(rows=3), {"y": np.ones(3)})
    told = []

    explains = train(
        host.spec.socket, algorithm="a", data=data, seed=1, progress=lambda *one: told.append(one)
    )

    assert (explains, told) == (True, [(0.25, "begun ?")])
    assert (place / "s/model/learnt.json").exists()
    assert asking(host).predict(a_batch())["y"].tolist() == [2.0, 2.0]


def test_what_a_training_tells_too_soon_is_left_out():
    now, sent = [5.0], []
    tell = Reporter(sent.append, lambda: now[0])

    tell(0.25, "begun \ud800")
    now[0] += REPORT_EVERY_S / 2
    tell(0.26, "too soon to tell")
    now[0] += REPORT_EVERY_S
    tell(0.5)

    assert sent == [wire.Progress(0.25, "begun ?"), wire.Progress(0.5, "")]


def test_a_host_looks_into_a_file(serve, tmp_path):
    (tmp_path / "wild").write_text("W")
    host = serve(folder="", schema={}, algorithm="wild.explaining")

    found = inspect(host.spec.socket, algorithm="a", path=tmp_path / "wild", timeout_s=60)

    assert found.notes == ["begins with a W", "False"]


def test_what_was_not_prepared_is_refused(serve, tmp_path):
    host = serve(folder="")
    data = TrainingData(a_batch(), {"y": np.ones(2)})

    with capture_logs():
        with pytest.raises(InvalidConfiguration, match="no model yet"):
            asking(host).predict(a_batch())
        with pytest.raises(InvalidConfiguration, match="imports no models"):
            inspect(host.spec.socket, algorithm="a", path=tmp_path, timeout_s=60)
        train(host.spec.socket, algorithm="a", data=data, seed=1, progress=lambda *_: None)
        with pytest.raises(InvalidInput, match="cannot explain"):
            asking(host, explains=True).explain(a_batch())


@pytest.mark.parametrize(
    "request_",
    [wire.Train(0), wire.Predict(wire.Columns(1, b"", b"", []))],
    ids=["no rows", "columns"],
)
def test_what_contradicts_the_schema_ends_the_connection(serve, request_):
    host = serve()
    with socket.socket(socket.AF_UNIX) as connection, capture_logs() as events:
        connection.settimeout(20)
        connection.connect(host.spec.socket)
        connection.sendall(wire.frame(request_))

        assert connection.recv(10) == b""

    assert [event["event"] for event in events] == ["host.garbled"]


def test_a_caller_that_does_not_wait_for_the_answer_harms_nobody(serve):
    host = serve()
    with capture_logs() as events:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(host.spec.socket)
            large = wire.Layout(SCHEMA).pack(a_batch("huge"))
            connection.sendall(wire.frame(wire.Predict(large)))

        wait_until(lambda: events)

    assert [event["event"] for event in events] == ["host.connection_lost"]
    assert asking(host).predict(a_batch())["y"].tolist() == [2.0, 2.0]


class TooMuch:
    """A model whose answer does not fit into a message."""

    def predict(self, batch):
        """Answer with what is too large."""
        return {"y": np.broadcast_to(np.uint8(1), wire.MAX_FRAME)}


def test_an_answer_that_is_too_large_is_a_sentence(serve, place):
    opened = open_host(a_spec(place))
    serve(Host(opened.spec, opened.algorithm, opened.context, TooMuch()))

    with capture_logs(), pytest.raises(TooLarge, match="larger than"):
        asking(opened).predict(a_batch())


def test_the_algorithm_of_a_version_is_its_own_copy(serve, place):
    (place / "v/plugin").mkdir()
    source = (place / "w/plugins/wild.py").read_text()
    (place / "v/plugin/wild.py").write_text(source.replace('batch["x"] * 2', 'batch["x"] * 3'))
    (place / "w/plugins/wild.py").write_text("broken now")

    host = serve(plugins=str(place / "v"))

    assert asking(host).predict(a_batch())["y"].tolist() == [3.0, 3.0]


def test_a_version_without_its_copy_is_refused(place):
    with pytest.raises(Conflict, match="no copy of its plugin"):
        open_host(a_spec(place, plugins=str(place / "v")))
