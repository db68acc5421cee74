"""What a hundred promotions, rollbacks and reloads cost callers under steady load.

Run: python benchmarks/swaps.py
Three versions of the telecom service take turns, while 16 connections ask 160 times a second.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import yaml
from sidecar import Sidecar, command, memory, telecom, tree, up, wait
from steady import compared, under_load

from minerva.client import ONE_TRY, Client

SWAPS = 100
FEW = 5
QUIET_S = 20.0
STEPS = 5
ROLL_BACK, RELOAD = 1, 4
"""Of five swaps, the second is a rollback and the last one a new configuration."""
PAUSE_S = 0.02
"""Between two looks whether a swap has arrived: looking must not be the load that is measured."""
ASKED_AGAIN = 8
"""One of two web workers answers a question: so many in a row, and both have been asked."""


def main() -> None:
    """Measure in a temporary workspace and print a table."""
    with up(telecom) as sidecar:
        sidecar.wait_until_ready()
        with Client(sidecar.url, sidecar.key, policy=ONE_TRY) as client:
            _make_versions(sidecar, client)
            for what, value in _measure(sidecar, client):
                print(f"{what:<52}{value}")


def _make_versions(sidecar: Sidecar, client: Client) -> None:
    for seed in (1, 2, 3):
        _declare(sidecar, client, training={"seed": seed})
        sidecar.train(client, "churn")


def _declare(sidecar: Sidecar, client: Client, **parts: Any) -> None:
    """Replace parts of the service file and wait until its configuration is in force."""
    path = sidecar.workspace / "services" / "churn.yaml"
    declared = yaml.safe_load(path.read_text()) | parts
    before = client.service("churn")["configuration_revision"]
    path.write_text(yaml.safe_dump(declared, sort_keys=False))
    wait(lambda: client.service("churn")["configuration_revision"] != before, "a declaration")


def _measure(sidecar: Sidecar, client: Client) -> Iterator[tuple[str, str]]:
    quiet = under_load(sidecar, "churn", lambda: time.sleep(QUIET_S))
    sizes: dict[int, float] = {}
    taken: list[float] = []

    def swap_often() -> None:
        for number in range(SWAPS):
            started = time.perf_counter()
            _swap(sidecar, client, number)
            taken.append(time.perf_counter() - started)
            if number + 1 in {FEW, SWAPS}:
                sizes[number + 1] = _web_memory(sidecar.pid)

    busy = under_load(sidecar, "churn", swap_often)
    asked = f"{len(quiet.milliseconds)} / {len(busy.milliseconds)}"
    yield "requests while quiet / while swapping", asked
    yield "failed or degraded while quiet / while swapping", f"{quiet.failed} / {busy.failed}"
    for part in (0.5, 0.99):
        yield f"p{part * 100:.0f} quiet / swapping", compared(quiet, busy, part)
    few, many = sizes[FEW], sizes[SWAPS]
    said = f"{few:.0f} / {many:.0f} MiB, {many / few:.2f} times"
    yield f"memory of web workers after {FEW} / {SWAPS} swaps", said
    rollbacks = taken[ROLL_BACK::STEPS]
    yield "a rollback until every worker serves it, longest", f"{max(rollbacks):.2f} s"


def _swap(sidecar: Sidecar, client: Client, number: int) -> None:
    """Promote, roll back, promote, promote, reload; wait until every web worker has it."""
    step = number % STEPS
    if step == RELOAD:
        _declare(sidecar, client, serving={"deadline_ms": 5000 + number})
        return
    change = (
        client.rollback("churn")
        if step == ROLL_BACK
        else client.promote("churn", 1 + number % 3, "champion", "benchmark")
    )
    wanted = str(change["version"])
    seen = 0
    while seen < ASKED_AGAIN:
        seen = seen + 1 if client.service("churn")["version"] == wanted else 0
        time.sleep(PAUSE_S)


def _web_memory(pid: int) -> float:
    return sum(memory(member) for member in tree(pid) if command(member) == "serve")


if __name__ == "__main__":
    main()
