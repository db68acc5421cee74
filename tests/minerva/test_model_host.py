"""A model's own process, spoken to as its keeper does: standard input, a channel, a socket."""

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "layers/abstraction/support"))

from hosts import SCHEMA, a_batch, a_place, a_spec
from waiting import wait_until

from minerva.layers.abstraction.runtimes import wire
from minerva.model_host import NOT_STARTED, PARENT_GONE


@pytest.fixture
def place():
    """A folder with room for sockets."""
    with a_place() as folder:
        yield folder


@pytest.fixture
def run(place):
    """Start the module with these bytes on standard input; returns process and channel."""
    started, stack = [], ExitStack()

    def begun(spec: bytes, *, session=True):
        receive, send = os.pipe()
        log = stack.enter_context((place / "log").open("ab+"))
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "minerva.model_host", str(send)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=(send,),
            start_new_session=session,
            cwd=place / "s",
        )
        os.close(send)
        channel = os.fdopen(receive, "rb")
        started.append((process, channel))
        process.stdin.write(spec)
        process.stdin.flush()
        return process, channel

    yield begun
    for process, channel in started:
        process.kill()
        process.stdin.close()
        process.wait()
        channel.close()
    stack.close()


def line(place, **parts):
    """Return a spec as the first line of standard input."""
    return msgspec.json.encode(a_spec(place, **parts)) + b"\n"


def test_it_tells_that_it_listens_and_then_nothing_more(place, run):
    _, channel = run(line(place, algorithm="wild.explaining"))

    told = json.loads(channel.readline())

    assert told["ready"]["explains"] is True
    assert channel.readline() == b""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(place / "s/h"))
        connection.sendall(wire.frame(wire.Predict(wire.Layout(SCHEMA).pack(a_batch(x=2.0)))))
        answer = wire.answers.decode(wire.Frames(connection).next())
    assert wire.unpack_array(answer.outputs[0]).tolist() == [4.0, 4.0]


def test_it_tells_what_went_wrong_with_its_faults(place, run):
    process, channel = run(line(place, parameters={"colour": "red"}))

    error = json.loads(channel.readline())["error"]

    assert (error["code"], process.wait(60)) == ("invalid_configuration", NOT_STARTED)
    assert error["faults"][0]["where"] == "/parameters/colour"
    assert "Traceback" in (place / "log").read_text()


@pytest.mark.parametrize(("session", "code"), [(True, -signal.SIGKILL), (False, PARENT_GONE)])
def test_it_ends_with_standard_input(place, run, session, code):
    process, channel = run(line(place), session=session)
    assert b"ready" in channel.readline()

    process.stdin.close()

    assert process.wait(60) == code


def test_it_ends_with_standard_input_while_it_loads(place, run):
    process, _ = run(line(place, parameters={"load": "wait"}))
    wait_until((place / "s/waiting").exists)

    process.stdin.close()

    assert process.wait(60) == -signal.SIGKILL


@pytest.mark.parametrize("said", [b"\n", b"{}\n", b"[" * 9999 + b"\n", b'{"algorithm": 5}\n'])
def test_a_spec_that_is_none_ends_it(place, run, said):
    process, channel = run(said)

    assert process.wait(60) == 1
    assert channel.readline() == b""
    assert "msgspec" in (place / "log").read_text()
