"""What a prediction costs where many services are declared and some are loaded, beside one service alone.

Run: python benchmarks/many_services.py [DECLARED] [LOADED]
Two sidecars take turns: one with a single service, one with DECLARED, of which LOADED have a version.
All loaded services are alike, and asked in turn; the sidecar that is not asked is stopped meanwhile.
"""

from __future__ import annotations

import os
import signal
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from load import Request, ended, started
from sidecar import Sidecar, example, members, up, wait

from minerva.client import ONE_TRY, Client
from minerva.errors import MinervaError

DECLARED, LOADED = 1000, 20
TURNS = 9
SECONDS = 3.0
FIELDS = 30
PATIENCE_S = 600.0
PLUGIN = """
import numpy as np
from minerva import Algorithm, hookimpl


class Sum:
    def predict(self, batch):
        return {"y": np.sum([batch.columns[name] for name in batch.columns], axis=0)}

    def save(self, folder):
        pass


class Adding(Algorithm):
    name = "adding"
    needs_data = False
    runtime = "inline"

    def train(self, data, context):
        return Sum()

    def load(self, folder, context):
        return Sum()


@hookimpl
def minerva_algorithms():
    return [Adding()]
"""


def main(declared: int, loaded: int) -> None:
    """Measure both in turns and print a table."""
    with (
        up(partial(_declare, declared=1, loaded=1)) as one,
        _asleep_while_not_asked(one),
        up(partial(_declare, declared=declared, loaded=loaded)) as many,
        _asleep_while_not_asked(many),
    ):
        asked = {
            "one service": (one, _questions(one, 1)),
            f"{declared:,} services, {loaded} loaded": (many, _questions(many, loaded)),
        }
        p50s: dict[str, list[float]] = {name: [] for name in asked}
        for turn in range(TURNS):
            for name, (sidecar, questions) in asked.items():
                with _awake(sidecar):
                    p50s[name].append(_p50(sidecar, questions[turn % len(questions)]))
    _print(p50s)


def _declare(workspace: Path, *, declared: int, loaded: int) -> None:
    """Declare services; those beyond the loaded ones wait for data to learn from."""
    (workspace / "plugins").mkdir(exist_ok=True)
    (workspace / "plugins" / "adding.py").write_text(PLUGIN)
    for number in range(declared):
        service = f"s{number:04}"
        told = {
            "service": service,
            "algorithm": "adding" if number < loaded else "xgboost.regressor",
            "schema": {
                "inputs": {f"f{field}": {"type": "number"} for field in range(FIELDS)},
                "output": {"y": {"type": "number"}},
            },
        }
        path = workspace / "services" / f"{service}.yaml"
        path.write_text(yaml.safe_dump(told, sort_keys=False))


def _questions(sidecar: Sidecar, loaded: int) -> list[Request]:
    """Wait until every service that has a version answers; return what asks each."""
    with _awake(sidecar), Client(sidecar.url) as client:
        wait(lambda: client.ready()["status"] == "ready", "the start", within_s=PATIENCE_S)
        questions = []
        with Client(sidecar.url, sidecar.key, policy=ONE_TRY) as caller:
            for number in range(loaded):
                service = f"s{number:04}"
                record = example(sidecar.workspace, service)
                wait(partial(_answers, caller, service, record), service, within_s=PATIENCE_S)
                questions.append(sidecar.question(service, [record]))
    return questions


def _answers(caller: Client, service: str, record: Mapping[str, Any]) -> bool:
    try:
        return not caller.predict(service, records=[record])["degraded"]
    except MinervaError:
        return False


def _p50(sidecar: Sidecar, question: Request) -> float:
    """Return the p50 of single predictions in ms, once what slept has woken."""
    ended(started(sidecar.port, question, 1, seconds=SECONDS / 3))
    felt = ended(started(sidecar.port, question, 1, seconds=SECONDS))
    if felt.failed:
        raise RuntimeError(f"{felt.failed} predictions failed")
    return felt.quantile(0.5)


@contextmanager
def _asleep_while_not_asked(sidecar: Sidecar) -> Iterator[None]:
    """Let a sidecar end awake: who sleeps hears no SIGTERM."""
    try:
        yield
    finally:
        _signal(sidecar, signal.SIGCONT)


@contextmanager
def _awake(sidecar: Sidecar) -> Iterator[None]:
    """Wake a sidecar and stop it afterwards, so that the other one has the machine to itself."""
    _signal(sidecar, signal.SIGCONT)
    yield
    _signal(sidecar, signal.SIGSTOP)


def _signal(sidecar: Sidecar, which: signal.Signals) -> None:
    for pid in members(sidecar):
        with suppress(ProcessLookupError):
            os.kill(pid, which)


def _print(p50s: Mapping[str, Sequence[float]]) -> None:
    print("| | p50, ms |\n|---|---:|")
    for name, each in p50s.items():
        print(f"| {name} | {statistics.median(each):.3f} |")
    alone, among = p50s.values()
    ratios = [many / one for one, many in zip(alone, among, strict=True)]
    print(f"\nIn the middle round the many cost {statistics.median(ratios):.3f} times the one.")


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    main(*given, *(DECLARED, LOADED)[len(given) :])
