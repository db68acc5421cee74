"""What the plugin of a host may do to the machine: write into its scratch folder, read what is its own."""

import os
import shutil
import socket
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from hosts import START_S, Running, a_batch, a_host, a_place, a_spec, start
from tiny import silent

import minerva
from minerva.algorithm import TrainingData
from minerva.errors import AlgorithmFailed
from minerva.layers.abstraction.runtimes.sandbox import MAX_OPEN_FILES, gaps, landlock_version
from minerva.layers.abstraction.runtimes.talk import train

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
    assert host.told.unconfined == gaps(landlock_version(), network=False, filtered=True)
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


@pytest.fixture
def keeps(host):
    """A function that returns what to expect of a way: a refusal, or where the kernel has a gap nothing."""
    forbidden = pytest.raises(AlgorithmFailed, match="PermissionError")
    return lambda gap: nullcontext() if gap in host.told.unconfined else forbidden


@pytest.mark.parametrize(
    "name",
    [
        "w/.minerva/signing.key", "w/.minerva/admin.key", "w/.minerva/minerva.db", "w/minerva.toml",
        "w/services/churn.yaml", "w/customers.csv", "other/model/weights", "logs/host.log",
    ],
)  # fmt: skip
def test_nothing_of_the_workspace_and_of_other_versions_is_read(host, ask, keeps, name):
    with keeps("files"):
        ask("read", str(a_file(host.place / name)))


def a_file(path: Path) -> Path:
    """Return a file that is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_a_home_folder_is_not_read(ask, keeps, outside):
    with keeps("files"):
        ask("list", str(Path.home()))
    with keeps("files"):
        ask("read", str(outside))
    with keeps("files"):
        ask("run", str(a_program(outside)))


def a_program(path: Path) -> Path:
    """Return a copy of a program that does nothing."""
    shutil.copy("/bin/true", path)
    return path


def test_secrets_of_the_machine_and_of_other_processes_are_not_read(ask, keeps):
    with keeps("files"):
        ask("list", "/etc")
    with keeps("files"):
        ask("read", f"/proc/{os.getpid()}/environ")


def test_its_own_version_its_plugin_and_the_system_are_read(host, ask):
    assert ask("read", str(a_file(host.place / "v/model/weights"))) == FINE
    assert ask("read", str(host.place / "w/plugins/wild.py")) == FINE
    assert ask("read", "/proc/self/status") == FINE
    assert ask("list", sys.prefix) == FINE
    assert ask("list", str(Path(minerva.__file__).parent)) == FINE
    assert ask("run", "/bin/true") == FINE
    assert ask("run", str(a_program(host.scratch / "true"))) == FINE


def test_it_reads_the_files_that_its_parameters_name():
    with a_place() as place:
        table = a_file(place / "w/models/one/table.csv")
        a_file(place / "w/models/two/table.csv")
        process = start(a_spec(place, parameters={"at": "models/one/table.csv"}), place)
        try:
            told = process.ready(START_S)
            model = Running(process, told, place).model()

            answer = model.predict(a_batch("read", str(table)))
            assert answer["y"].tolist() == FINE
            if "files" not in told.unconfined:
                with pytest.raises(AlgorithmFailed, match="PermissionError"):
                    model.predict(a_batch("read", str(place / "w/models/two/table.csv")))
        finally:
            process.kill()


@pytest.mark.parametrize("way", ["udp", "netlink", "packet", "datagrams", "ring"])
def test_no_socket_of_any_kind_is_made(ask, keeps, way):
    with keeps("sockets"):
        ask(way, "9")


def test_a_pair_of_connected_sockets_is_no_way_out(ask):
    assert ask("pair") == FINE


@pytest.mark.parametrize("network", [False, True])
def test_another_models_socket_is_not_reached(host, keeps, network):
    with a_host(network=network) as other, keeps("sockets"):
        other.model().predict(a_batch("unix", host.process.spec.socket))

    assert host.model().predict(a_batch())["y"].tolist() == FINE


def test_who_learns_may_have_semaphores_but_not_see_whose_there_are(ask, keeps):
    learn("semaphore")
    with keeps("files"):
        learn("list", "/dev/shm")
    with keeps("files"):
        ask("semaphore")


def learn(way, at=""):
    """Let a training do one thing."""
    with a_host(folder="", parameters={"train": way, "at": at}) as host:
        data = TrainingData(a_batch(), {"y": np.ones(2)})
        train(host.process.spec.socket, algorithm="wild", data=data, seed=0, progress=silent)


def test_root_keeps_no_rights_but_to_reach_files(host):
    status = Path(f"/proc/{host.process.pid}/status").read_text().splitlines()
    told = dict(line.split(":\t", 1) for line in status if ":\t" in line)

    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert int(told[name], 16) & ~0b10 == 0
    assert told["NoNewPrivs"] == "1"


def test_the_limits_are_inherited_by_what_the_host_starts(host):
    limits = Path(f"/proc/{host.process.pid}/limits").read_text()
    rows = {line[:26].strip(): line[26:].split() for line in limits.splitlines()}

    assert rows["Max core file size"][:2] == ["0", "0"]
    assert rows["Max open files"][:2] == [str(MAX_OPEN_FILES)] * 2
    assert Path(f"/proc/{host.process.pid}/oom_score_adj").read_text().strip() == "500"


@pytest.mark.parametrize(
    ("abi", "network", "filtered", "open_"),
    [
        (0, False, False, ("files", "truncate", "signals", "tcp", "sockets")),
        (0, False, True, ("files", "truncate", "signals")),
        (1, True, False, ("truncate", "signals", "sockets")),
        (2, False, True, ("truncate", "signals")),
        (3, False, False, ("signals", "tcp", "sockets")),
        (5, False, True, ("signals",)),
        (6, False, False, ("sockets",)),
        (7, True, True, ()),
    ],
)
def test_what_an_older_kernel_leaves_open_is_told(abi, network, filtered, open_):
    assert gaps(abi, network=network, filtered=filtered) == open_


CONFINED = """
import socket
import sys
from pathlib import Path
from minerva.layers.abstraction.runtimes.sandbox import Rules, confine, gaps, landlock_version

outside, network = Path(sys.argv[1]), sys.argv[2] == "network"
rules = Rules(Path.cwd(), readable=[Path('/')], memory_mb=512, cpus=1, network=network)
assert confine(rules) == gaps(landlock_version(), network=network, filtered=True)
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
