"""A client's line to the keeper: finds it or starts it, stays connected, asks one question at a time."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
import uuid
from contextlib import suppress
from pathlib import Path

import msgspec

from minerva.errors import Unavailable
from minerva.layers.abstraction.runtimes import keeper_protocol as protocol
from minerva.layers.abstraction.runtimes.building import locked_at_once
from minerva.layers.abstraction.runtimes.places import run_folder

START_LOCK = "hosts.start"
OUTPUT = "keeper.log"
"""What a keeper prints that could not even read the settings."""
POLL_S = 0.02
"""Between two looks at a keeper that is starting: its socket tells nobody that it is there."""
ATTEMPTS = 3


class Gone(Exception):
    """There is no keeper, or it ended while it was asked."""


class Line:
    """One connection says that we are there; each question has a short one of its own."""

    def __init__(self, workspace: Path, state: Path, linger_s: float, *, to_stdout: bool) -> None:
        self._to_stdout = to_stdout
        self._workspace = workspace.resolve()
        self._state = state
        self._linger_s = linger_s
        self._presence: socket.socket | None = None
        self._fresh()

    def client(self) -> str:
        """Return what this process is called."""
        self._notice_fork()
        return self._client

    def ask(self, question: protocol.Question, limit_s: float) -> protocol.Answer:
        """Return the answer, starting a keeper if there is none.

        Raises the error that the keeper tells of; Unavailable if all takes longer than `limit_s`.
        """
        until = time.monotonic() + limit_s
        for _ in range(ATTEMPTS):
            self._be_present(until)
            with suppress(Gone):
                return self.ask_present(question, until - time.monotonic())
        raise Unavailable("The keeper of models' processes ends whenever it is asked; see its log.")

    def ask_present(self, question: protocol.Question, limit_s: float) -> protocol.Answer:
        """Ask the keeper that there is. Raises Gone if there is none."""
        read = _exchange(self._folder() / protocol.SOCKET, question, limit_s)
        answer = _decoded(read)
        if answer.stranger:
            self._hang_up()
            raise Gone
        if answer.error is not None:
            raise answer.error.error()
        return answer

    def close(self) -> None:
        """Say good-bye; another question connects anew."""
        self._notice_fork()
        self._hang_up()

    def _folder(self) -> Path:
        return run_folder(self._state)

    def _fresh(self) -> None:
        self._pid = os.getpid()
        self._client = uuid.uuid4().hex
        self._lock = threading.Lock()

    def _notice_fork(self) -> None:
        if self._pid == os.getpid():
            return
        if self._presence is not None:  # our copy: as long as it is open, the parent seems present
            self._presence.close()
            self._presence = None
        self._fresh()

    def _hang_up(self) -> None:
        with self._lock:
            if self._presence is not None:
                self._presence.close()
                self._presence = None

    def _be_present(self, until: float) -> None:
        """Be connected to a keeper. Raises Unavailable."""
        self._notice_fork()
        if not self._lock.acquire(timeout=max(0.0, until - time.monotonic())):
            raise _late()
        try:
            if self._presence is not None and _open(self._presence):
                return
            if self._presence is not None:
                self._presence.close()
                self._presence = None
            self._presence = self._connect(until)
        finally:
            self._lock.release()

    def _connect(self, until: float) -> socket.socket:
        folder = self._folder()
        while True:
            with suppress(Gone):
                return self._greet(folder, until)
            if time.monotonic() > until:
                raise _late()
            with locked_at_once(folder / START_LOCK) as free:
                if free:
                    with suppress(Gone):  # started since
                        return self._greet(folder, until)
                    return self._start(folder, until)
            time.sleep(POLL_S)

    def _greet(self, folder: Path, until: float) -> socket.socket:
        connection = _connected(folder / protocol.SOCKET, until - time.monotonic())
        try:
            _said(connection, protocol.Hello(self._client))
        except BaseException:
            connection.close()
            raise
        connection.setblocking(False)
        return connection

    def _start(self, folder: Path, until: float) -> socket.socket:
        process = self._spawn(folder)
        while True:
            with suppress(Gone):
                return self._greet(folder, until)
            if process.poll() is not None:
                raise Unavailable(
                    "The keeper of models' processes ended at its start; "
                    f"{folder / OUTPUT} or its log says why."
                )
            if time.monotonic() > until:
                raise _late()
            time.sleep(POLL_S)

    def _spawn(self, folder: Path) -> subprocess.Popen[bytes]:
        module = "minerva.host_keeper"
        output = os.open(
            folder / OUTPUT, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600
        )
        try:
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-P", "-m", module, str(self._workspace), str(self._linger_s)],
                stdin=subprocess.DEVNULL,
                stdout=None if self._to_stdout else output,
                stderr=None if self._to_stdout else output,
                start_new_session=True,
            )
        except OSError as error:
            raise Unavailable(
                f"The keeper of models' processes cannot be started: {error.strerror}."
            ) from error
        finally:
            os.close(output)
        threading.Thread(target=process.wait, daemon=True).start()  # else it stays a zombie
        return process


def _connected(path: Path, limit_s: float) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(max(0.001, limit_s))
        connection.connect(str(path))
    except TimeoutError as error:
        connection.close()
        raise _late() from error
    except OSError as error:
        connection.close()
        raise Gone from error
    return connection


def _exchange(path: Path, question: protocol.Question, limit_s: float) -> bytes:
    with _connected(path, limit_s) as connection:
        return _said(connection, question)


def _said(connection: socket.socket, question: protocol.Question) -> bytes:
    """Say it and return the line that comes back. Raises Gone if none does."""
    try:
        connection.sendall(protocol.line(question))
        with connection.makefile("rb") as incoming:
            read = incoming.readline(protocol.MAX_LINE)
    except TimeoutError as error:
        raise _late() from error
    except OSError as error:
        raise Gone from error
    if not read.endswith(b"\n"):
        raise Gone
    return read


def _decoded(read: bytes) -> protocol.Answer:
    try:
        return protocol.answers.decode(read)
    except msgspec.DecodeError as error:
        raise Unavailable(
            "The keeper of models' processes is of another version; try again."
        ) from error


def _open(connection: socket.socket) -> bool:
    try:
        return connection.recv(1, socket.MSG_PEEK) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


def _late() -> Unavailable:
    return Unavailable("The model's process is being started; ask again.")
