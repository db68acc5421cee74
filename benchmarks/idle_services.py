"""What a service costs that is declared and not asked: memory, and the wait for its first answer.

Run: python benchmarks/idle_services.py [SERVICES]
Two sidecars with one web worker each: one with a single service, one with SERVICES more, each declared
by a file alone and trained. Memory is proportional, of all processes, after all have answered once, and
without the pages of files: these are the same for both, but change with what else runs on the machine.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import structlog
import yaml
from load import ended, started
from sidecar import Sidecar, members, memory, up, wait

from minerva.client import ONE_TRY, Client
from minerva.errors import MinervaError

SERVICES = 200
FIELDS = 10
PATIENCE_S = 1800.0
SECONDS = 5.0
FIRST = "s000"


def main(services: int) -> None:
    """Measure both and print a table."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with up(partial(_prepare, services=1), web_workers=1) as one:
        alone_mib, _, alone_p99_ms = _measured(one, 1)
    with up(partial(_prepare, services=1 + services), web_workers=1) as many:
        together_mib, firsts_s, p99_ms = _measured(many, 1 + services)
    each_kb = (together_mib - alone_mib) * 1024 / services
    print("| | one service | and", f"{services:,} more |\n|---|---:|---:|")
    print(f"| memory, MiB | {alone_mib:.0f} | {together_mib:.0f} |")
    print(f"| memory of each idle service, kB | | {each_kb:.0f} |")
    print(f"| longest wait for a first answer, s | | {max(firsts_s):.3f} |")
    print(f"| p99 of one service's predictions, ms | {alone_p99_ms:.2f} | {p99_ms:.2f} |")


def _prepare(workspace: Path, *, services: int) -> None:
    """Declare services and train them, as jobs do."""
    from minerva.bootstrap import open_job
    from minerva.layers.abstraction.services.parsing import parse_file
    from minerva.settings import load

    _declare(workspace, services=services)
    with open_job(load(workspace, {})) as container:
        for path in sorted((workspace / "services").glob("*.yaml")):
            declared = parse_file(path, container.versioning.check)
            container.versioning.make(
                container.registry.declare("default", declared, "benchmark"),
                job_id=None,
                author="benchmark",
                progress=lambda *_, **__: None,
            )


def _declare(workspace: Path, *, services: int) -> None:
    """Write the rows, and a file for each service."""
    draw = np.random.default_rng(5)
    rows = draw.normal(size=(500, FIELDS)).round(3)
    names = [f"f{field}" for field in range(FIELDS)]
    lines = [",".join([*names, "y"])]
    lines += [",".join(map(str, [*row, round(sum(row[:3]), 3)])) for row in rows.tolist()]
    (workspace / "data").mkdir(exist_ok=True)
    (workspace / "data" / "rows.csv").write_text("\n".join(lines) + "\n")
    for number in range(services):
        told = {
            "service": f"s{number:03}",
            "algorithm": "linear.regressor",
            "schema": {
                "inputs": {name: {"type": "number"} for name in names},
                "output": {"y": {"type": "number"}},
            },
            "data": {"source": "csv", "path": "data/rows.csv"},
            "training": {"seed": number},
        }
        path = workspace / "services" / f"s{number:03}.yaml"
        path.write_text(yaml.safe_dump(told, sort_keys=False))


def _measured(sidecar: Sidecar, services: int) -> tuple[float, Sequence[float], float]:
    """Ask all; return memory in MiB, the waits for first answers in s, the first one's p99 in ms."""
    names = [f"s{number:03}" for number in range(services)]
    record = dict.fromkeys((f"f{field}" for field in range(FIELDS)), 0.5)
    with Client(sidecar.url) as anyone:
        wait(lambda: anyone.ready()["status"] == "ready", "the start", within_s=PATIENCE_S)
    with Client(sidecar.url, sidecar.key, policy=ONE_TRY) as client:
        firsts_s = [_first(client, name, record) for name in names]
    question = sidecar.question(FIRST, [record])
    ended(started(sidecar.port, question, 1, seconds=SECONDS / 2))
    felt = ended(started(sidecar.port, question, 1, seconds=SECONDS))
    mib = 0.0
    for pid in members(sidecar):
        with suppress(OSError):
            mib += memory(pid, "Pss_Anon")
    return mib, firsts_s, felt.quantile(0.99)


def _first(client: Client, service: str, record: dict[str, Any]) -> float:
    """Return how long a service's first answer was waited for, in s."""
    began = time.monotonic()
    wait(partial(_answers, client, service, record), service, within_s=60)
    return time.monotonic() - began


def _answers(client: Client, service: str, record: dict[str, Any]) -> bool:
    try:
        return not client.predict(service, records=[record])["degraded"]
    except MinervaError:
        return False


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else SERVICES)
