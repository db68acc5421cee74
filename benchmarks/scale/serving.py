"""What a web worker costs: its CPU for each prediction, memory, log, start, and loading a version."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from load import Request, ended, started
from sidecar import Sidecar, example, memory, tree

from scale.processes import cpu_of

if TYPE_CHECKING:
    from minerva.bootstrap import Container

SECONDS, TURNS = 4.0, 3
LOADS = 5


def kept(container: Container, service: str) -> tuple[str, str]:
    """Return features and answer of a service as its records keep them."""
    from minerva.schema import Schema
    from minerva.schema.example import example_record

    schema = container.registry.configuration("default", service).declaration["schema"]
    record = example_record(Schema.parse(schema))
    record.pop(str(schema.get("key")), None)
    answer = {"churn": "Yes", "churn_probabilities": {"No": 0.3141, "Yes": 0.6859}}
    return json.dumps(record, separators=(",", ":")), json.dumps(answer, separators=(",", ":"))


def asking(sidecar: Sidecar, service: str) -> dict[str, float]:
    """Return what predictions cost a replica under as much load as it takes."""
    record = example(sidecar.workspace, service)
    found: dict[str, float] = {}
    for name, records, connections in (("one", 1, 8), ("hundred", 100, 4)):
        question = sidecar.question(service, [record] * records)
        ended(started(sidecar.port, question, connections, seconds=1.0))
        each = [_asked(sidecar, question, connections) for _ in range(TURNS)]
        found[f"{name}_web_us"] = min(one.cpu_s for one in each) * 1e6
        found[f"{name}_log_bytes"] = each[0].log_bytes
    sizes = [memory(pid) for pid in tree(sidecar.pid)]
    return found | {"replica_mib": sum(sizes), "web_worker_mib": sizes[-1]}


def _asked(sidecar: Sidecar, question: Request, connections: int) -> Look:
    """Return what one call costs; the least of several turns is the one that others disturbed least."""
    before = _look(sidecar)
    felt = ended(started(sidecar.port, question, connections, seconds=SECONDS))
    spent, calls = _look(sidecar) - before, len(felt.milliseconds)
    if felt.failed:
        raise RuntimeError(f"{felt.failed} predictions failed")
    return Look(spent.cpu_s / calls, spent.log_bytes / calls)


@dataclass(frozen=True)
class Look:
    """What a replica has spent since it began."""

    cpu_s: float
    log_bytes: float

    def __sub__(self, other: Look) -> Look:
        """Return what was spent since another look."""
        return Look(self.cpu_s - other.cpu_s, self.log_bytes - other.log_bytes)


def _look(sidecar: Sidecar) -> Look:
    logs = (sidecar.workspace / ".minerva" / "logs").glob("*")
    return Look(cpu_of(sidecar.pid), float(sum(path.stat().st_size for path in logs)))


def loading(container: Container, service: str) -> dict[str, float]:
    """Return what a version costs who loads it, and the artefact store."""
    version = container.registry.version("default", service, 1)
    container.versioning.loader.load(version)
    busy = time.process_time()
    for _ in range(LOADS):
        container.versioning.loader.load(version)
    load_ms = (time.process_time() - busy) / LOADS * 1e3
    return {
        "load_web_ms": load_ms,
        **fetching(container.artefacts.fetch(version.digest), version.digest),
    }


def fetching(folder: Path, digest: str) -> dict[str, float]:
    """Return what an object store is asked for a version: by who has it not, and by who has it."""
    import tempfile

    from fsspec.implementations.memory import MemoryFileSystem

    from minerva.adapters.artefacts.remote import RemoteArtefacts

    store = MemoryFileSystem()
    counted = Counted(store)
    with tempfile.TemporaryDirectory() as cache:
        remote = RemoteArtefacts(counted, "/bench", Path(cache))
        remote.put(digest, folder)
        counted.asked, counted.size = 0, 0
        remote.fetch(digest)
        first, size = counted.asked, counted.size
        remote.fetch(digest)
        again = counted.asked - first
    with suppress(FileNotFoundError):
        store.rm("/bench", recursive=True)
    return {"fetch_requests": float(first), "fetch_bytes": float(size), "fetch_again": float(again)}


@dataclass
class Counted:
    """A file system that counts what it is asked for."""

    store: Any
    asked: int = 0
    size: int = 0

    def cat_file(self, path: str) -> bytes:
        """Count and read."""
        content: bytes = self.store.cat_file(path)
        self.asked += 1
        self.size += len(content)
        return content

    def get_file(self, path: str, target: str) -> None:
        """Count and copy."""
        self.store.get_file(path, target)
        self.asked += 1
        self.size += Path(target).stat().st_size

    def __getattr__(self, name: str) -> Any:
        """Count anything else."""
        self.asked += 1
        return getattr(self.store, name)
