"""How soon a plugin that is dropped, edited, broken or mended while `minerva up` runs is noticed.

Run: python benchmarks/plugin_reload.py [TIMES]
Time counts from the renaming of the finished file into `plugins/` until each web worker shows it:
listed by `/v1/services`, and answering a prediction where the new code makes another one.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from sidecar import Sidecar, up, wait
from web_workers import client_of_each

from minerva.client import Client

TIMES = 20
PAUSE_S = 0.01
"""Between two looks: looking must not be the load that is measured."""
WITHIN_S = 60.0
RUNTIMES = ("inline", "process")
STEPS = ("new file", "edit", "broken edit", "mended")
LISTED, ANSWERED = "listed", "answered"
PLUGIN = """
import numpy as np
from minerva import Algorithm, hookimpl


class Model:
    def predict(self, batch):
        return {{"y": np.full(len(batch), {value})}}

    def save(self, folder):
        (folder / "nothing").write_text("")


class Dropped(Algorithm):
    name = "{name}"
    needs_data = False

    def train(self, data, context):
        return Model()

    def load(self, folder, context):
        return Model()


@hookimpl
def minerva_algorithms():
    return [Dropped()]
"""
BROKEN = "raise RuntimeError('half an idea')\n"

Look = Callable[[Client], bool]
Taken = dict[tuple[str, str], list[float]]


def main(times: int) -> None:
    """Measure both runtimes and print the median and the worst of each step, in seconds."""
    print(f"{times} times each, until every web worker shows it, seconds: median / worst\n")
    print(f"{'':10}{'':14}{LISTED:>15}{ANSWERED:>15}")
    for runtime in RUNTIMES:
        with up(lambda _: None) as sidecar:
            sidecar.wait_until_ready()
            with client_of_each(sidecar) as clients:
                taken = _measure(sidecar, list(clients.values()), runtime, times)
        for step in STEPS:
            cells = [_cell(taken.get((step, what), ())) for what in (LISTED, ANSWERED)]
            print(f"{runtime:10}{step:14}" + "".join(f"{cell:>15}" for cell in cells))


def _cell(taken: Iterable[float]) -> str:
    found = sorted(taken)
    return f"{statistics.median(found):.2f} / {found[-1]:.2f}" if found else ""


def _measure(sidecar: Sidecar, clients: list[Client], runtime: str, times: int) -> Taken:
    taken: Taken = {}
    for number in range(times):
        service = f"dropped{number}"
        place = sidecar.workspace / "plugins" / f"{service}.py"
        _declare(sidecar, clients, service, runtime)
        for step, text, looks in _steps(service):
            for what, seconds in _noticed(place, text, clients, looks).items():
                taken.setdefault((step, what), []).append(seconds)
    return taken


def _steps(service: str) -> Iterable[tuple[str, str, Mapping[str, Look]]]:
    """Give each step with the plugin's new text and what shows that it has been noticed."""

    def listed(client: Client) -> bool:
        return any(one["service"] == service for one in client.services())

    def in_trouble(client: Client) -> bool:
        problems: list[dict[str, Any]] = client.service_list()["problems"]
        return any(one["where"] == f"plugins/{service}.py" for one in problems)

    def answers(value: float) -> Look:
        def look(client: Client) -> bool:
            return listed(client) and _answer(client, service) == value

        return look

    new, edited, mended = (PLUGIN.format(name=service, value=value) for value in (1.0, 2.0, 3.0))
    yield "new file", new, {LISTED: listed, ANSWERED: answers(1.0)}
    yield "edit", edited, {ANSWERED: answers(2.0)}
    yield "broken edit", BROKEN, {LISTED: in_trouble}
    yield "mended", mended, {LISTED: lambda one: not in_trouble(one), ANSWERED: answers(3.0)}


def _answer(client: Client, service: str) -> float | None:
    if client.service(service)["version"] is None:
        return None
    value: float = client.predict(service, records=[{"x": 1.0}])["predictions"][0]["y"]
    return value


def _noticed(
    place: Path, text: str, clients: list[Client], looks: Mapping[str, Look]
) -> dict[str, float]:
    """Put a plugin in its place; return after how many seconds every worker shows each thing."""
    part = place.with_suffix(".tmp")
    part.write_text(text)
    os.replace(part, place)  # noqa: PTH105 - the call that the claim is about
    started = time.monotonic()
    missing = {what: list(clients) for what in looks}
    taken: dict[str, float] = {}
    while missing:
        for what in list(missing):
            missing[what] = [client for client in missing[what] if not looks[what](client)]
            if not missing[what]:
                del missing[what]
                taken[what] = time.monotonic() - started
        if time.monotonic() - started > WITHIN_S:
            raise TimeoutError(f"{place.name} was not {', '.join(missing)} in {WITHIN_S:.0f} s")
        time.sleep(PAUSE_S)
    return taken


def _declare(sidecar: Sidecar, clients: list[Client], service: str, runtime: str) -> None:
    """Declare a service of an algorithm that nobody brings yet; wait until that is said."""
    declared = {
        "service": service,
        "algorithm": service,
        "schema": {"inputs": {"x": {"type": "number"}}, "output": {"y": {"type": "number"}}},
        "serving": {"runtime": runtime},
    }
    path = sidecar.workspace / "services" / f"{service}.yaml"
    path.write_text(yaml.safe_dump(declared, sort_keys=False))
    for client in clients:
        wait(partial(_is_told, client, service), "the problem of a missing algorithm")


def _is_told(client: Client, service: str) -> bool:
    problems: list[dict[str, Any]] = client.service_list()["problems"]
    return any(service in one["where"] for one in problems)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else TIMES)
