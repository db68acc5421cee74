"""Measures on this machine what `costs.json` holds."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from page import PAGE, number, table
from sidecar import minerva, telecom, wait

from scale import broker, registry, serving, writes
from scale.postgres import Postgres, postgres
from scale.processes import cpu_of
from scale.replicas import environment, program, replicas

if TYPE_CHECKING:
    from minerva.bootstrap import Container

SERVICE = "churn"
FILE = Path(__file__).with_name("costs.json")


def costs() -> dict[str, float]:
    """Measure everything, on databases, a broker and replicas of our own."""
    with prepared() as (database, source, shared), broker.redis_server() as (url, pid):
        found = _alone(database, source, shared, url)
        found |= broker.sending(url, pid)
        found |= _replica(database, source, shared, url)
        found |= _workers(database, shared, url, pid)
    with prepared() as (database, source, shared), opened(source, shared, database.url, "") as one:
        found |= registry.measured(database, one, SERVICE)
    rows = table(PAGE.read_text(encoding="utf-8"), "Idle services")
    found["idle_service_kb"] = number(next(row[2] for row in rows if "each idle" in row[0]))
    return {name: float(f"{value:.4g}") for name, value in sorted(found.items())}


def keep(found: Mapping[str, float]) -> None:
    """Write what was measured beside this file."""
    FILE.write_text(json.dumps(found, indent=1) + "\n")


def kept() -> dict[str, float]:
    """Return what was measured when this was last asked for."""
    found: dict[str, float] = json.loads(FILE.read_text())
    return found


@contextmanager
def prepared() -> Iterator[tuple[Postgres, Path, Path]]:
    """Give a database with a trained service in two versions, its workspace, and a folder for all."""
    with tempfile.TemporaryDirectory(prefix="minerva-scale-") as name, postgres() as database:
        source, shared = Path(name) / "source", Path(name)
        source.mkdir()
        minerva(source, "init", str(source))
        telecom(source)
        with opened(source, shared, database.url, "") as container:
            for seed in (1, 2):
                _train(container, seed)
        yield database, source, shared


@contextmanager
def opened(workspace: Path, shared: Path, database: str, url: str) -> Iterator[Container]:
    """Open the parts of a job's process, which has all stores."""
    import structlog

    from minerva.bootstrap import open_job
    from minerva.settings import load

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with open_job(load(workspace, environment(workspace, shared, database, url))) as container:
        yield container


def _train(container: Container, seed: int) -> None:
    from dataclasses import replace

    from msgspec import structs

    from minerva.layers.abstraction.services.parsing import parse_file

    path = container.loaded.workspace / "services" / f"{SERVICE}.yaml"
    declared = parse_file(path, container.versioning.check)
    declared = replace(declared, training=structs.replace(declared.training, seed=seed))
    container.versioning.make(
        container.registry.declare("default", declared, "benchmark"),
        job_id=None,
        author="benchmark",
        progress=lambda *_, **__: None,
    )


def _alone(database: Postgres, source: Path, shared: Path, url: str) -> dict[str, float]:
    """Measure what needs no other process."""
    with opened(source, shared, database.url, url) as container:
        return {
            **serving.loading(container, SERVICE),
            **writes.measured(database, container, SERVICE),
        }


def _replica(database: Postgres, source: Path, shared: Path, url: str) -> dict[str, float]:
    """Measure a replica of one web worker: its start, its predictions, its connections."""
    began = time.monotonic()
    with replicas(1, source, shared, database.url, url) as (one,):
        ready_s, start_cpu_s = time.monotonic() - began, cpu_of(one.pid)
        idle = {"idle_connections": float(database.connections())}
        (one.workspace / ".minerva" / "admin.key").write_text(_key(source, shared, database, url))
        return {
            "start_s": ready_s,
            "start_web_s": start_cpu_s,
            **idle,
            **serving.asking(one, SERVICE),
            "busy_connections": float(database.connections()),
            "backend_mib": database.backend_mib(),
        }


def _key(source: Path, shared: Path, database: Postgres, url: str) -> str:
    """Make a key in the database of all."""
    import subprocess

    from sidecar import MINERVA

    told = environment(source, shared, database.url, url)
    done = subprocess.run(
        [MINERVA, "keys", "create", "bench", "--scope", "admin", "--json"],
        env=told, stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    key: str = json.loads(done.stdout)["key"]
    return key


def _workers(database: Postgres, shared: Path, url: str, pid: int) -> dict[str, float]:
    """Measure what a worker and beat ask for that have nothing to do."""
    found: dict[str, float] = {}
    for name in ("worker", "beat"):
        workspace = shared / name
        workspace.mkdir()
        (workspace / "minerva.toml").write_text("")
        with program(name, workspace, environment(workspace, shared, database.url, url)):
            wait(lambda: database.connections() > 0, f"the start of {name}")
            time.sleep(5.0)  # it has started when it rests
            asked = database.statements(lambda: time.sleep(broker.IDLE_S))
            found[f"{name}_statements_per_s"] = asked / broker.IDLE_S
            found[f"{name}_connections"] = float(database.connections())
            found |= {f"{name}_{what}": value for what, value in broker.idle(url, pid).items()}
    return found
