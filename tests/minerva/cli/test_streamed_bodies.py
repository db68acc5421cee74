"""Bodies of data over a real connection to real web workers: slow, broken off, refused in the middle."""

import json
import socket
from contextlib import suppress

import pytest
from descendants import descendants
from waiting import wait_until

MIB = 1024 * 1024
PATH = "/v1/services/churn/train"


@pytest.fixture
def key(house):
    return (house.workspace / ".minerva" / "admin.key").read_text().strip()


@pytest.fixture
def line(house, key):
    """Open a connection and send the head of a call with CSV in its body."""
    opened = []

    def begin(*headers):
        connection = socket.create_connection(("127.0.0.1", house.port), 60)
        opened.append(connection)
        head = [
            f"POST {PATH} HTTP/1.1", "Host: sidecar", f"Authorization: Bearer {key}",
            "Content-Type: text/csv", *headers, "", "",
        ]  # fmt: skip
        connection.sendall("\r\n".join(head).encode())
        return connection

    yield begin
    for connection in opened:
        connection.close()


@pytest.fixture
def rows(churn_csv):
    """The first line, and enough rows for a body of some MiB."""
    header, *lines = churn_csv.read_bytes().splitlines(keepends=True)
    return header, b"".join(lines)


def answer(connection):
    """Return status, headers and problem or job of an answer."""
    with connection.makefile("rb") as file:
        status = int(file.readline().split()[1])
        headers = {}
        while (text := file.readline().decode().strip()) != "":
            name, _, value = text.partition(": ")
            headers[name] = value
        return status, headers, json.loads(file.read(int(headers["Content-Length"])))


@pytest.fixture
def kept(house):
    """A function that returns which bodies are kept, beside those that other tests have sent."""
    state = house.workspace / ".minerva"
    folders = (state / "uploads", state / "artefacts" / "uploads")

    def present():
        return {path for folder in folders if folder.is_dir() for path in folder.iterdir()}

    before = present()
    return lambda: present() - before


def web_workers(house):
    servers = descendants(house.process.pid, "serve")
    pids = {one.pid for one in servers}
    return [one for one in servers if one.ppid() in pids]


def test_a_caller_who_goes_away_in_the_middle_leaves_nothing(kept, line, rows):
    connection = line(f"Content-Length: {100 * MIB}")
    connection.sendall(b"".join(rows))
    wait_until(kept, what="nothing came to the disk")

    connection.close()

    wait_until(lambda: not kept(), what=kept)


def test_rows_that_do_not_fit_are_told_while_the_rest_is_still_being_sent(kept, line, rows):
    header, lines = rows
    connection = line(f"Content-Length: {1000 * MIB}")
    with suppress(
        ConnectionError
    ):  # it may be refused, and nobody read on, before all this is sent
        connection.sendall(header + b"too,few\n" + lines)
        connection.sendall(b"x" * MIB)  # and far from all that was announced

    status, _, told = answer(connection)

    assert status == 400
    assert told["faults"][0]["where"] == "row 1"
    assert kept() == set()
    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        connection.sendall(b"x" * (900 * MIB))  # nobody reads on


def test_a_body_in_chunks_is_taken_as_it_comes(line, rows):
    connection = line("Transfer-Encoding: chunked")
    for piece in (
        *rows,
        b"",
    ):
        connection.sendall(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")

    status, _, told = answer(connection)

    assert (status, told["job"]["kind"]) == (202, "train")


def test_chunks_that_break_off_leave_nothing(kept, line, rows):
    connection = line("Transfer-Encoding: chunked")
    for piece in rows:
        connection.sendall(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
    wait_until(kept, what="nothing came to the disk")

    connection.close()

    wait_until(lambda: not kept(), what=kept)


def test_memory_does_not_grow_with_the_body(house, kept, line, rows):
    header, lines = rows
    repeats = 64 * MIB // len(lines)
    connection = line(f"Content-Length: {len(header) + repeats * len(lines)}")
    connection.sendall(header + lines)
    wait_until(kept, what="nothing came to the disk")
    workers = web_workers(house)
    before = sum(worker.memory_info().rss for worker in workers)
    largest = before
    for number in range(repeats - 1):
        connection.sendall(lines)
        if number % 10 == 0:
            largest = max(largest, sum(worker.memory_info().rss for worker in workers))

    status, _, told = answer(connection)

    assert status == 202, told
    assert largest - before < 24 * MIB
