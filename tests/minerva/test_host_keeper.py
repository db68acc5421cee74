"""The keeper's own process: one at a time, gone when nobody needs it, deaf to nonsense."""

import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from waiting import wait_until

from minerva.layers.abstraction.runtimes import keeper_protocol as protocol
from minerva.layers.abstraction.runtimes.keeper_line import Gone, Line


@pytest.fixture
def folder():
    """A workspace on a short path."""
    with tempfile.TemporaryDirectory() as made:
        yield Path(made).resolve()


@pytest.fixture
def start(folder):
    """A function that starts a keeper and waits until it listens."""
    started = []

    def keeper(linger_s=30.0, *, ready=True):
        command = [sys.executable, "-m", "minerva.host_keeper", str(folder), str(linger_s)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        started.append(process)
        wait_until(lambda: not ready or answered(folder, b'{"type":"list"}\n') == b"{}\n")
        return process

    yield keeper
    for process in started:
        process.kill()
        process.communicate()


@contextmanager
def connect(folder) -> Iterator[socket.socket]:
    """Open a connection to the keeper."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(60)
        connection.connect(str(folder / ".minerva" / "run" / protocol.SOCKET))
        yield connection


def answered(folder, question: bytes) -> bytes:
    """Return what it answers, nothing if it is not there."""
    try:
        with connect(folder) as connection:
            connection.sendall(question)
            with connection.makefile("rb") as incoming:
                return incoming.readline()
    except OSError:
        return b""


def test_it_ends_when_nobody_has_been_there_for_a_while(folder, start):
    process = start(linger_s=5)
    line = Line(folder, folder / ".minerva", 5, to_stdout=False)
    line.ask(protocol.Listed(), 60)

    line.close()

    assert process.wait(60) == 0
    assert not (folder / ".minerva" / "run" / protocol.SOCKET).exists()
    events = (folder / ".minerva" / "logs" / "hosts.jsonl").read_text().splitlines()
    told = [msgspec.json.decode(event)["event"] for event in events]
    assert told == ["keeper.started", "keeper.stopped"]


def test_a_signal_ends_it(start):
    process = start()

    process.send_signal(signal.SIGTERM)

    assert process.wait(60) == 0


def test_another_one_waits_until_the_first_has_ended(folder, start):
    first = start()
    second = start(ready=False)
    assert answered(folder, b'{"type":"list"}\n')
    assert second.poll() is None

    first.send_signal(signal.SIGTERM)
    first.wait(60)

    wait_until(lambda: answered(folder, b'{"type":"list"}\n') == b"{}\n")
    assert second.poll() is None


def test_one_that_was_killed_is_no_obstacle(folder, start):
    killed = start()
    killed.kill()
    killed.wait(60)

    start()

    assert answered(folder, b'{"type":"list"}\n') == b"{}\n"


def test_one_whose_socket_was_taken_away_ends(folder, start):
    process = start()

    (folder / ".minerva" / "run" / protocol.SOCKET).unlink()

    assert process.wait(60) == 0


@pytest.mark.parametrize(
    "nonsense",
    [b"\n", b"5\n", b"{}\n", b'{"type":"dance"}\n', b"\xff\xfe\n", b'{"type":"drop","client":"a","key":"../x"}\n',
     b'{"type":"model","client":"a","key":"' + b"a" * 32 + b'","digest":"","spec":{},"python":"","log_name":"a","idle_s":1}\n'],
)  # fmt: skip
def test_nonsense_is_answered_and_harms_nobody(folder, start, nonsense):
    start()

    answer = protocol.answers.decode(answered(folder, nonsense))

    assert answer.error is not None
    assert answered(folder, b'{"type":"list"}\n') == b"{}\n"


def test_a_client_that_says_nothing_keeps_nobody_waiting(folder, start):
    start()

    with connect(folder), connect(folder):
        assert answered(folder, b'{"type":"list"}\n') == b"{}\n"


def test_who_has_not_said_hello_is_a_stranger(folder, start):
    start()
    spec = {"algorithm": "a", "schema": {}, "workspace": "/", "scratch": "/x", "socket": "/x/s"}
    wanted = {"type": "model", "client": "a", "key": "a" * 32, "digest": "", "spec": spec,
              "python": "", "log_name": "a", "idle_s": 1}  # fmt: skip

    answer = protocol.answers.decode(answered(folder, msgspec.json.encode(wanted) + b"\n"))

    assert answer.stranger


def test_trouble_with_what_is_not_there_is_none(folder, start):
    start()
    question = protocol.line(protocol.Troubled("a" * 32, "ended"))

    assert answered(folder, question) == b"{}\n"


def test_without_a_keeper_nobody_answers(folder):
    with pytest.raises(Gone):
        Line(folder, folder / ".minerva", 1.0, to_stdout=False).ask_present(protocol.Listed(), 1)
