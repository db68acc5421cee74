"""An algorithm that does what a service's parameters ask it to do wrong, at the step they name."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np

from minerva import Algorithm, Parameters, hookimpl


class Ways(Parameters):
    """What goes wrong at each step; `once` names a file that is made the first time only."""

    train: str = ""
    save: str = ""
    load: str = ""
    predict: str = ""
    once: bool = False


def leave(path, text):
    """Write a file whole: nobody who sees it reads half of it."""
    new = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}")
    new.write_text(text)
    new.replace(path)


def misbehave(how: str, workspace: Path):
    """Do it. What returns is what a model would answer instead of a number per record."""
    match how:
        case "raise":
            raise ValueError("could not read jane@example.org")
        case "exit":
            sys.exit("bye")
        case "no disk":
            raise OSError(28, "No space left on device")
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "hungry":
            return [bytearray(64 * 1024 * 1024) for _ in range(1000)]
        case "wait":
            leave(workspace / "started", str(os.getpid()))
            while not (workspace / "go on").exists():
                time.sleep(0.01)
        case "family":
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
            (workspace / "grandchild").write_text(str(child.pid))
            return misbehave("wait", workspace)
        case "orphan":
            if os.fork() == 0:
                time.sleep(600)
            os.kill(os.getpid(), signal.SIGKILL)
        case "thread":
            threading.Thread(target=time.sleep, args=[600]).start()
        case "garbage":
            channel = int(sys.argv[1])
            for line in (b"{", b"5", b"[]", b'{"progress": "much"}', b'{"error": "text"}',
                         b'{"result": 5}', b'{"error": {"code": 5}}', b"\xff"):  # fmt: skip
                os.write(channel, line + b"\n")
        case "silence":
            os.close(int(sys.argv[1]))
        case "link":
            return "link"
    return None


class MisbehavingModel:
    """Answers 1 for every record, unless told otherwise."""

    def __init__(self, ways, workspace):
        self.ways, self.workspace = ways, workspace

    def predict(self, batch):
        """Answer, or answer wrongly."""
        ones = np.ones(len(batch))
        if self.ways.predict == "moody_later" and (self.workspace / "worse").exists():
            raise ValueError("it went wrong")
        wrong = {
            "nan": lambda: {"y": ones * np.nan},
            "long": lambda: {"y": np.ones(len(batch) + 1)},
            "wide": lambda: {"y": np.ones((len(batch), 2))},
            "text": lambda: {"y": np.array(["one"] * len(batch))},
            "other": lambda: {"z": ones},
            "none": lambda: None,
            "moody": lambda: {"y": ones * (time.perf_counter_ns() % 1_000_003)},
        }
        if self.ways.predict in wrong:
            return wrong[self.ways.predict]()
        misbehave(self.ways.predict, self.workspace)
        return {"y": ones}

    def save(self, folder):
        """Write something."""
        made = {"made": time.time_ns()} if self.ways.save == "dice" else {}
        (folder / "model.json").write_text(json.dumps(made))
        if misbehave(self.ways.save, self.workspace) == "link":
            (folder / "link").symlink_to("/etc/passwd")


class Misbehaving(Algorithm):
    """See the module."""

    name = "misbehaving"
    runtime = "inline"
    Parameters = Ways

    def train(self, data, context):
        """Misbehave, but perhaps only the first time."""
        first = context.workspace / "misbehaved"
        if not (context.parameters.once and first.exists()):
            first.write_text("")
            misbehave(context.parameters.train, context.workspace)
        return MisbehavingModel(context.parameters, context.workspace)

    def load(self, folder, context):
        """Misbehave, or give the model back."""
        json.loads((folder / "model.json").read_text())
        misbehave(context.parameters.load, context.workspace)
        return MisbehavingModel(context.parameters, context.workspace)


@hookimpl
def minerva_algorithms():
    """Bring it."""
    return [Misbehaving()]
