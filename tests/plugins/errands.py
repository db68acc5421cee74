"""Kinds of jobs that do what their parameters ask them to, for tests of the mechanism around them."""

import os
import subprocess
import sys
import threading
import time

from minerva import JobKind, Parameters, Unavailable, hookimpl


def leave(path, text):
    """Write a file whole: nobody who sees it reads half of it."""
    new = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}")
    new.write_text(text)
    new.replace(path)


class Asked(Parameters, frozen=True):
    """What the errand does."""

    do: str = ""
    times: int = 1


class Errand(JobKind):
    """Leaves traces in the workspace, so that a test sees how often it was run."""

    name = "errand"
    queue = "quick"
    Parameters = Asked

    def run(self, context):
        """Do it."""
        asked, workspace = context.parameters, context.workspace
        os.write(1, f"errand {asked.do}\n".encode())
        with (workspace / "runs").open("a") as runs:
            runs.write(f"{context.job_id} {os.getpid()}\n")
        match asked.do:
            case "wait":
                leave(workspace / f"started-{context.job_id}", str(os.getpid()))
                while not (workspace / "go on").exists():
                    time.sleep(0.01)
            case "steps":
                for step in range(asked.times):
                    context.progress((step + 1) / (asked.times + 1), f"step {step + 1}")
                    time.sleep(0.3)
                while not (workspace / "go on").exists():
                    time.sleep(0.01)
            case "frames":
                import pandas  # noqa: F401, ICN001 - what a job imports is what is tested
            case "away":
                raise Unavailable("The database is away.")
            case "no memory":
                raise MemoryError
            case "write":
                (context.folder / "large").write_bytes(bytes(asked.times * 1024 * 1024))
                while not (workspace / "go on").exists():
                    time.sleep(0.01)
            case "stubborn":
                child = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"
                grandchild = subprocess.Popen([sys.executable, "-c", child])
                pids = f"{os.getpid()} {grandchild.pid}"
                leave(workspace / f"started-{context.job_id}", pids)
                time.sleep(600)
            case "nonsense":
                return {"when": object()}
            case "break":
                raise ValueError("jane@example.org")
        return {"did": asked.do}


class Nightly(Errand):
    """The same, among the slow ones."""

    name = "nightly"
    queue = "train"


@hookimpl
def minerva_job_kinds():
    """Bring both."""
    return [Errand(), Nightly()]
