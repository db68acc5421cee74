"""A workspace on a short path whose plugin's model tells its process's id, and does as it is asked."""

import json
import os
from pathlib import Path

import numpy as np
import psutil

from minerva.layers.abstraction.runtimes.keeping import Hosts
from minerva.layers.abstraction.runtimes.spec import HostSpec
from minerva.schema import Batch, Schema

PLUGIN = """
import os, re, signal, sys, time
from pathlib import Path
import numpy as np
from minerva import Algorithm, Parameters, hookimpl
from minerva.errors import InvalidData

CRASH, HANG, HOLD, SLOW = 666, 777, 888, 999

class Ways(Parameters):
    load: str = ""
    train: str = ""
    mb: int = 0

class Model:
    def __init__(self, mb):
        self.ballast = np.ones(mb * 1024 * 128)

    def predict(self, batch):
        asked = batch["x"][0] if len(batch) else 0
        if asked == CRASH:
            signal.raise_signal(signal.SIGSEGV)
        if asked == HANG:
            re.match("(a+)+$", "a" * 64 + "b")  # never lets go of the interpreter
        if asked == HOLD:
            while not os.path.exists(os.environ["HOME"] + "/go on"):
                pass
        if asked == SLOW:
            time.sleep(0.02)
        return {"y": np.full(len(batch), os.getpid(), float)}

    def save(self, folder):
        (folder / "model.txt").write_text(str(os.getpid()))

class Explaining(Model):
    def explain(self, batch):
        return batch["x"][:, None]

def do(what, context):
    match what:
        case "raise":
            raise ValueError("jane@example.org")
        case "refuse":
            raise InvalidData("There are too few rows.")
        case "exit":
            os._exit(9)
        case "crash":
            signal.raise_signal(signal.SIGSEGV)
        case "beside":
            Path(__file__).with_name("table.csv").read_text()
        case "spy":
            (context.workspace / ".minerva" / "signing.key").read_bytes()

class Kept(Algorithm):
    name = "kept"
    Parameters = Ways

    def train(self, data, context):
        context.progress(0.5, "half")
        do(context.parameters.train, context)
        return Explaining(0) if context.parameters.load == "explain" else Model(0)

    def load(self, folder, context):
        do(context.parameters.load, context)
        model = Explaining if context.parameters.load == "explain" else Model
        return model(context.parameters.mb)

class Importing(Kept):
    name = "importing"

    def recognises(self, path):
        return path.suffix == ".kept"

    def inspect(self, path, context):
        from minerva.algorithm import Inspected
        if path.read_text() == "crash":
            do("crash", context)
        return Inspected(notes=[path.read_text(), str(os.getpid())])

@hookimpl
def minerva_algorithms():
    return [Kept(), Importing()]
"""
FINE, CRASH, HANG, HOLD, SLOW = 1, 666, 777, 888, 999
SCHEMA = {"inputs": {"x": {"type": "number"}}, "output": {"y": {"type": "number"}}}
DIGEST = "ab" * 32


class Workspace:
    """A folder with the plugin and a version of it."""

    def __init__(self, folder: Path, **settings):
        self.folder = folder
        self.state = folder / ".minerva"
        (folder / "plugins").mkdir()
        (folder / "plugins" / "kept.py").write_text(PLUGIN)
        (folder / "version" / "model").mkdir(parents=True)
        self.set(**settings)

    def set(self, **settings) -> None:
        """Write minerva.toml."""
        lines = [f"{name} = {json.dumps(value)}\n" for name, value in settings.items()]
        (self.folder / "minerva.toml").write_text("".join(lines))

    def hosts(self, **options) -> Hosts:
        """Return a client; its keeper does not linger."""
        return Hosts(self.folder, self.state, **{"linger_s": 0.5, **options})

    def spec_of(self, load="", mb=0, deadline_ms=0, algorithm="kept"):
        """Return what makes a host's spec."""

        def spec(scratch: Path, socket: str) -> HostSpec:
            return HostSpec(
                algorithm=algorithm,
                schema=Schema.parse(SCHEMA).to_json(),
                parameters={"load": load, "mb": mb},
                workspace=str(self.folder),
                folder=str(self.folder / "version"),
                scratch=str(scratch),
                socket=socket,
                deadline_ms=deadline_ms,
            )

        return spec

    def keepers(self) -> list[psutil.Process]:
        """Return the keepers that run."""
        return [process for process in psutil.process_iter() if _keeps(process, self.folder)]

    def events(self) -> list[dict]:
        """Return what keepers have logged."""
        file = self.state / "logs" / "hosts.jsonl"
        lines = file.read_text().splitlines() if file.exists() else []
        return [json.loads(line) for line in lines]

    def told(self, event: str) -> list[dict]:
        """Return the events of one kind."""
        return [told for told in self.events() if told["event"] == event]


def _keeps(process: psutil.Process, folder: Path) -> bool:
    try:
        command = process.cmdline()
    except psutil.Error:
        return False
    return "minerva.host_keeper" in command and str(folder) in command


def rows(*values) -> Batch:
    """Return a batch of x."""
    schema = Schema.parse(SCHEMA)
    return Batch(schema, {"x": np.array(values, float)}, len(values))


def pid_of(model, asked=FINE) -> int:
    """Ask a model; it answers with the id of its process."""
    return int(model.predict(rows(asked))["y"][0])


def lives(pid: int) -> bool:
    """Whether a process or one of its threads runs, and holds its sockets; a zombie's are closed."""
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE or process.num_threads() > 1
    except psutil.Error:
        return False


def kill(pid: int) -> None:
    """End it at once."""
    os.kill(pid, 9)
