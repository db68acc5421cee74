"""Something done while a steady load of single predictions goes on, and what callers felt."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence

from load import Felt, ended, started
from sidecar import Sidecar, example

CONNECTIONS = 16
PER_SECOND = 160


def under_load(sidecar: Sidecar, service: str, work: Callable[[], None]) -> Felt:
    """Do some work while a process of its own asks the service."""
    return all_under_load(sidecar, [service], work)[service]


def all_under_load(
    sidecar: Sidecar, services: Sequence[str], work: Callable[[], None]
) -> dict[str, Felt]:
    """Do some work while each service is asked by a process of its own, with its share of the load."""
    loads = {service: _started(sidecar, service, len(services)) for service in services}
    work()
    return {service: ended(load) for service, load in loads.items()}


def _started(sidecar: Sidecar, service: str, among: int) -> subprocess.Popen[str]:
    question = sidecar.question(service, [example(sidecar.workspace, service)])
    share = CONNECTIONS // among
    return started(sidecar.port, question, share, per_second=PER_SECOND / among)


def compared(quiet: Felt, busy: Felt, part: float) -> str:
    """Tell a quantile of both, and how many times the one is the other."""
    before, during = quiet.quantile(part), busy.quantile(part)
    return f"{before:.1f} / {during:.1f} ms, {during / before:.2f} times"
