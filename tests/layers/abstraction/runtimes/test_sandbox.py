"""What the plugin of a host may do to the machine: write into its scratch folder, and little else."""

import os
import socket
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest
from hosts import a_batch, a_host

from minerva.errors import AlgorithmFailed
from minerva.layers.abstraction.runtimes.sandbox import MAX_OPEN_FILES, gaps, landlock_version

FINE = [2.0, 2.0]


@pytest.fixture(scope="module")
def host():
    """A host of which everything is kept that the kernel can keep from it."""
    with a_host() as running:
        yield running


@pytest.fixture
def ask(host):
    """Let the plugin do one of its things; return its answer."""
    return lambda way, at=None: host.model().predict(a_batch(way, at))["y"].tolist()


@pytest.fixture
def outside(tmp_path):
    """A file that is none of the plugin's business."""
    file = tmp_path / "precious"
    file.write_text("mine")
    return file


@pytest.fixture
def listening():
    """A TCP port that takes connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield str(server.getsockname()[1])


def test_what_this_kernel_leaves_open_is_told(host):
    assert landlock_version() >= 4, "these tests need Linux 6.7 or newer"
    assert host.told.unconfined == gaps(landlock_version(), network=False)
    assert ("sandbox.partial" in host.log) == bool(host.told.unconfined)


@pytest.mark.parametrize("way", ["write", "truncate", "remove"])
def test_files_outside_are_not_changed(ask, outside, way):
    with pytest.raises(AlgorithmFailed, match="PermissionError"):
        ask(way, str(outside))

    assert outside.read_text() == "mine"


@pytest.mark.parametrize("folder", ["w", "v", ".", "logs"])
def test_no_files_are_made_outside(host, ask, folder):
    with pytest.raises(AlgorithmFailed, match="PermissionError"):
        ask("write", str(host.place / folder / "new"))

    assert not (host.place / folder / "new").exists()


def test_files_inside_are_its_own(host, ask):
    inside = host.scratch / "kept"

    assert ask("write", str(inside)) == FINE
    assert inside.read_text() == "here I was"
    assert ask("truncate", str(inside)) == FINE
    assert ask("remove", str(inside)) == FINE
    assert not inside.exists()
    assert ask("temporary") == FINE
    assert ask("write", os.devnull) == FINE


def test_no_connection_is_opened(ask, listening):
    with pytest.raises(AlgorithmFailed, match="PermissionError"):
        ask("connect", listening)


def test_with_the_network_connections_are_opened(listening):
    with a_host(network=True) as host:
        assert host.model().predict(a_batch("connect", listening))["y"].tolist() == FINE


def test_no_other_process_is_signalled(host, ask):
    old_kernel = "signals" in host.told.unconfined
    forbidden = pytest.raises(AlgorithmFailed, match="PermissionError")
    with nullcontext() if old_kernel else forbidden:
        ask("signal", str(os.getpid()))


def test_the_limits_are_inherited_by_what_the_host_starts(host):
    limits = Path(f"/proc/{host.process.pid}/limits").read_text()
    rows = {line[:26].strip(): line[26:].split() for line in limits.splitlines()}

    assert rows["Max core file size"][:2] == ["0", "0"]
    assert rows["Max open files"][:2] == [str(MAX_OPEN_FILES)] * 2
    assert Path(f"/proc/{host.process.pid}/oom_score_adj").read_text().strip() == "500"


@pytest.mark.parametrize(
    ("abi", "network", "open_"),
    [
        (0, False, ("files", "truncate", "signals", "tcp")),
        (1, True, ("truncate", "signals")),
        (2, False, ("truncate", "signals", "tcp")),
        (3, False, ("signals", "tcp")),
        (5, False, ("signals",)),
        (6, False, ()),
        (7, True, ()),
    ],
)
def test_what_an_older_kernel_leaves_open_is_told(abi, network, open_):
    assert gaps(abi, network=network) == open_


CONFINED = """
import socket
import sys
from pathlib import Path
from minerva.layers.abstraction.runtimes.sandbox import Rules, confine, gaps, landlock_version

outside, network = Path(sys.argv[1]), sys.argv[2] == "network"
rules = Rules(Path.cwd(), memory_mb=512, cpus=1, network=network)
assert confine(rules) == gaps(landlock_version(), network=network)
try:
    outside.write_text("changed")
except PermissionError:
    print("kept")
try:
    bytearray(10**9)
except MemoryError:
    print("small")
try:
    socket.create_server(("127.0.0.1", 0)).close()
except PermissionError:
    print("silent")
"""


@pytest.mark.parametrize(
    ("network", "told"), [("network", "kept small"), ("none", "kept small silent")]
)
def test_a_process_confines_itself_for_good(outside, network, told):
    program = [sys.executable, "-c", CONFINED, str(outside), network]

    done = subprocess.run(program, capture_output=True, text=True, check=False)

    assert done.stdout.split() == told.split(), done.stderr
    assert outside.read_text() == "mine"


def test_nothing_that_starts_threads_is_loaded_before_the_sandbox():
    program = "import sys, minerva.model_host; sys.exit('numpy' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
