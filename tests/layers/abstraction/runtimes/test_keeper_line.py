"""A client's line: bounded in time whatever the keeper does; foreign sockets stand in for bad ones."""

import socket
import tempfile
import threading
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from minerva.errors import Unavailable
from minerva.layers.abstraction.runtimes import keeper_protocol as protocol
from minerva.layers.abstraction.runtimes.building import locked
from minerva.layers.abstraction.runtimes.keeper_line import START_LOCK, Line
from minerva.layers.abstraction.runtimes.places import run_folder


@pytest.fixture
def folder():
    """A workspace on a short path."""
    with tempfile.TemporaryDirectory() as made:
        yield Path(made).resolve()


@pytest.fixture
def line(folder):
    """A client's line."""
    made = Line(folder, folder / ".minerva", 0.2, to_stdout=False)
    yield made
    made.close()


@contextmanager
def keeper_that(folder, *answers):
    """Answer each connection's question with the next of `answers`; None: not at all."""
    path = run_folder(folder / ".minerva") / protocol.SOCKET
    held = []
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()

        def serve():
            for answer in answers:
                try:
                    connection, _ = listening.accept()
                except OSError:  # the test is over: not all was asked
                    return
                held.append(connection)
                connection.recv(65536)
                if answer is not None:
                    connection.sendall(answer)
                if answer == b"":
                    held.pop().close()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            with suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in held:
                connection.close()
            path.unlink(missing_ok=True)


def test_a_keeper_that_never_says_hello_is_waited_for_in_vain(folder, line):
    with keeper_that(folder, None), pytest.raises(Unavailable, match="being started"):
        line.ask(protocol.Listed(), 0.3)


def test_a_keeper_that_never_answers_is_waited_for_in_vain(folder, line):
    with keeper_that(folder, b"{}\n", None), pytest.raises(Unavailable, match="being started"):
        line.ask(protocol.Listed(), 0.3)


def test_an_answer_of_another_version_is_told(folder, line):
    with keeper_that(folder, b"{}\n", b"[]\n"), pytest.raises(Unavailable, match="another version"):
        line.ask(protocol.Listed(), 60)


def test_one_that_hangs_up_on_every_question_is_told(folder, line):
    answers = [b"{}\n", b"", b"", b""]
    with keeper_that(folder, *answers), pytest.raises(Unavailable, match="whenever it is asked"):
        line.ask(protocol.Listed(), 60)


def test_to_a_keeper_that_knows_us_not_hello_is_said_again(folder, line):
    answers = [b"{}\n", b'{"stranger":true}\n', b"{}\n", b'{"socket":"here"}\n']
    with keeper_that(folder, *answers):
        answer = line.ask(protocol.Listed(), 60)

    assert answer.socket == "here"


def test_while_another_process_starts_the_keeper_it_is_waited_for(folder, line):
    with (
        locked(run_folder(folder / ".minerva") / START_LOCK),
        pytest.raises(Unavailable, match="being started"),
    ):
        line.ask(protocol.Listed(), 0.2)


def test_an_error_keeps_its_kind_and_its_patience(folder, line):
    told = protocol.line(
        protocol.Answer(error=protocol.Problem.of(Unavailable("Not now.", retry_after_s=7)))
    )
    with (
        keeper_that(folder, b"{}\n", told),
        pytest.raises(Unavailable, match=r"Not now\.") as caught,
    ):
        line.ask(protocol.Listed(), 60)

    assert caught.value.retry_after_s == 7
