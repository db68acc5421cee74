"""Something done while a steady load of single predictions goes on, and what callers felt."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sidecar import Sidecar, example

CONNECTIONS = 16
PER_SECOND = 160


@dataclass(frozen=True)
class Felt:
    """What the callers of a steady load felt."""

    milliseconds: list[float]
    """From when a question was due to its answer, sorted."""
    failed: int
    """Errors and degraded answers."""

    def quantile(self, part: float) -> float:
        """Return what so many of the questions took at most, in ms."""
        return self.milliseconds[int(len(self.milliseconds) * part)]

    def __add__(self, other: Felt) -> Felt:
        """Return what the callers of both felt."""
        both = sorted([*self.milliseconds, *other.milliseconds])
        return Felt(both, self.failed + other.failed)


def under_load(sidecar: Sidecar, service: str, work: Callable[[], None]) -> Felt:
    """Do some work while a process of its own asks the service."""
    return all_under_load(sidecar, [service], work)[service]


def all_under_load(
    sidecar: Sidecar, services: Sequence[str], work: Callable[[], None]
) -> dict[str, Felt]:
    """Do some work while each service is asked by a process of its own, with its share of the load."""
    loads = {service: _started(sidecar, service, len(services)) for service in services}
    work()
    return {service: _ended(load) for service, load in loads.items()}


def _started(sidecar: Sidecar, service: str, among: int) -> subprocess.Popen[str]:
    program = str(Path(__file__).with_name("load.py"))
    share = [str(CONNECTIONS // among), str(PER_SECOND / among)]
    load = subprocess.Popen(
        [sys.executable, program, sidecar.url, sidecar.key, service, *share],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    if load.stdin is None:
        raise RuntimeError("the load was started without standard input")
    load.stdin.write(json.dumps(example(sidecar.workspace, service)) + "\n")
    load.stdin.flush()
    return load


def _ended(load: subprocess.Popen[str]) -> Felt:
    told, _ = load.communicate()
    found = json.loads(told)
    return Felt(sorted(1000 * one for one in found["seconds"]), found["failed"])


def compared(quiet: Felt, busy: Felt, part: float) -> str:
    """Tell a quantile of both, and how many times the one is the other."""
    before, during = quiet.quantile(part), busy.quantile(part)
    return f"{before:.1f} / {during:.1f} ms, {during / before:.2f} times"
