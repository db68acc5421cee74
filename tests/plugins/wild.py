"""An algorithm whose models do, in a process of their own, what no process should do."""

import ctypes
import json
import multiprocessing
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from minerva import Algorithm, AlgorithmFailed, Inspected, InvalidData, Parameters, hookimpl


class Way(Parameters):
    """What to do when loaded or trained; predicting, the record's fields `way` and `at` say it."""

    load: str = "answer"
    train: str = "answer"
    at: str = ""


class Odd(AlgorithmFailed):
    """An error of ours that is none."""

    def __init__(self):
        """Leave out everything."""


def _deep(depth):
    return _deep(depth + 1) + 1


def go_wild(way, at):
    """Do one of the things; most do not return."""
    for kind in (fail, misuse, reach_out, spy, make_sockets):
        kind(way, at)


def fail(way, _at):
    """Raise, end, or never come back."""
    match way:
        case "raise":
            raise ValueError("the plugin's own secret")
        case "odd":
            raise Odd
        case "invalid":
            raise InvalidData("Nothing to learn from.")
        case "exit":
            sys.exit(0)
        case "interrupt":
            raise KeyboardInterrupt
        case "deep":
            _deep(0)
        case "segfault":
            ctypes.string_at(0)
        case "endless":
            while True:
                pass
        case "held":
            Path("holding").write_text("")
            # keeps the interpreter's lock, as careless native code does
            ctypes.PyDLL(None).sleep(600)
        case "stop":
            os.kill(os.getpid(), 19)
            time.sleep(600)  # the signal may take a moment to reach every thread
        case "wait":
            Path("waiting").write_text("")
            while not Path("go on").exists():
                time.sleep(0.005)


def misuse(way, at):
    """Take too much of the machine, or touch its files."""
    match way:
        case "memory":
            np.ones(10 * 1024**3, dtype=np.uint8)
        case "files":
            kept = [Path(os.devnull).open() for _ in range(10_000)]  # noqa: SIM115 - that is the point
            del kept
        case "write":
            Path(at).write_text("here I was")
        case "truncate":
            os.truncate(at, 0)
        case "remove":
            Path(at).unlink()
        case "temporary":
            with tempfile.TemporaryFile() as file:
                file.write(b"fine")


def reach_out(way, at):
    """Turn to the terminal, the network or other processes."""
    match way:
        case "print":
            print("plugin was here", file=sys.stderr)  # noqa: T201 - as a careless plugin does
            os.write(1, b"x" * 100_000 + b"\n")
        case "connect":
            socket.create_connection(("127.0.0.1", int(at)), timeout=5).close()
        case "signal":
            os.kill(int(at), 0)
        case "family":
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
            Path("child").write_text(str(child.pid))


def spy(way, at):
    """Look at what is not its own, or use what it may."""
    match way:
        case "read":
            Path(at).read_bytes()
        case "list":
            list(Path(at).iterdir())
        case "run":
            subprocess.run([at], check=True, stdin=subprocess.DEVNULL)
        case "semaphore":
            multiprocessing.get_context("spawn").Lock()


def make_sockets(way, at):
    """Make a socket of another kind than TCP, or reach one that is there."""
    match way:
        case "unix":
            with socket.socket(socket.AF_UNIX) as made:
                made.connect(at)
        case "udp":
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
                made.sendto(b"secret", ("127.0.0.1", int(at)))
        case "netlink" | "packet":
            family = socket.AF_NETLINK if way == "netlink" else socket.AF_PACKET
            socket.socket(family, socket.SOCK_RAW).close()
        case "pair":
            for made in socket.socketpair():
                made.close()
        case "datagrams":
            for made in socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM):
                made.close()
        case "ring":
            libc = ctypes.CDLL(None, use_errno=True)
            io_uring_setup, room = 425, ctypes.create_string_buffer(256)
            if libc.syscall(io_uring_setup, 1, room) < 0:
                raise OSError(ctypes.get_errno(), "no ring")


class WildModel:
    """Answers what its inputs sum up to, unless it does something else."""

    def __init__(self, learnt=()):
        self.inside, self.learnt = threading.Lock(), learnt

    def predict(self, batch):
        """Do it, then answer."""
        way, at = (batch[name][0] for name in ("way", "at"))
        go_wild(way, at)
        ones = np.ones(len(batch))
        special = {
            "long": lambda: {"y": np.ones(len(batch) + 1)},
            "text": lambda: {"y": np.array(["one"] * len(batch))},
            "object": lambda: {"y": np.array([{}] * len(batch), dtype=object)},
            "none": lambda: None,
            "bool": lambda: {"y": ones > 0},
            "extended": lambda: {"y": ones.astype(np.longdouble), "z": ones.astype(">i2")},
            "huge": lambda: {"y": np.ones(4_000_000)},
            "environment": lambda: dict.fromkeys(os.environ, ones),
            "threads": lambda: {"y": ones * int(os.environ["OMP_NUM_THREADS"])},
            "cpus": lambda: {"y": ones * len(os.sched_getaffinity(0))},
            "alone": self._alone,
            "write in": lambda: _written(batch),
            "records": lambda: _echo(batch),
        }
        if way in special:
            return special[way]()
        return {"y": batch["x"] * 2}

    def _alone(self):
        if not self.inside.acquire(blocking=False):
            raise RuntimeError("two at once")
        try:
            time.sleep(0.01)
        finally:
            self.inside.release()
        return {"y": np.ones(1)}

    def save(self, folder):
        """Keep what was learnt."""
        (folder / "learnt.json").write_text(json.dumps(self.learnt))


class ExplainingWildModel(WildModel):
    """Says why, wrongly when told to."""

    def explain(self, batch):
        """Every feature counts."""
        go_wild(batch["way"][0], batch["at"][0])
        rows = len(batch) + (batch["way"][0] == "long")
        return np.ones((rows, len(batch.schema.features)))


def _written(batch):
    batch["x"][:] = 7
    return {"y": batch["x"]}


def _echo(batch):
    plain = json.dumps(batch.to_records(), ensure_ascii=True)
    return {plain: np.zeros(len(batch))}


class Wild(Algorithm):
    """See the module."""

    name = "wild"
    Parameters = Way
    model = WildModel

    def train(self, data, context):
        """Do it; learn nothing."""
        context.progress(0.25, "begun \ud800")
        go_wild(context.parameters.train, context.parameters.at)
        total = sum(float(target.sum()) for target in data.targets.values())
        return self.model([len(data), total, data.inputs["way"].tolist()[:2], context.seed])

    def load(self, folder, context):
        """Do it, then answer."""
        go_wild(context.parameters.load, context.parameters.at)
        return self.model()


class Explaining(Wild):
    """Explains, and imports files that begin with a W."""

    name = "wild.explaining"
    model = ExplainingWildModel

    def recognises(self, path):
        """By its first letter."""
        return path.read_bytes()[:1] == b"W"

    def inspect(self, path, context):
        """Read it."""
        if not self.recognises(path):
            raise InvalidData(f"{path.name} is not wild.")
        return Inspected(notes=["begins with a W", str(context is not None)])


@hookimpl
def minerva_algorithms():
    """Bring both."""
    return [Wild(), Explaining()]
