"""The keeper tells those whom it confines from those whom it serves."""

import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from minerva.layers.abstraction.runtimes.peers import is_stranger

ASK = """
import socket, sys
if sys.argv[2] == "confined":
    import ctypes
    assert ctypes.CDLL(None).prctl(38, 1, 0, 0, 0) == 0  # PR_SET_NO_NEW_PRIVS, as Landlock wants it
if sys.argv[3] == "grandchild":
    import os
    if os.fork():
        os.wait()
        sys.exit()
    os.setsid()
connection = socket.socket(socket.AF_UNIX)
connection.connect(sys.argv[1])
connection.recv(1)
"""


@pytest.fixture
def listening():
    """A socket that processes connect to."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{folder}/s")
        server.listen()
        server.settimeout(30)
        yield server, Path(folder) / "s"


@pytest.mark.parametrize("who", ["child", "grandchild"])
@pytest.mark.parametrize("how", ["free", "confined"])
def test_a_confined_process_is_a_stranger_and_so_is_what_it_starts(listening, how, who):
    server, path = listening
    with subprocess.Popen([sys.executable, "-c", ASK, str(path), how, who]):
        connection, _ = server.accept()
        with connection:
            assert is_stranger(connection) == (how == "confined")


def test_one_that_has_ended_meanwhile_is_a_stranger(listening):
    server, path = listening
    program = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
    subprocess.run([sys.executable, "-c", program, str(path)], check=True)

    connection, _ = server.accept()

    with connection:
        assert is_stranger(connection)
