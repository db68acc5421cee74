"""A plugin that does its worst harms its own version only: the answer comes, everyone else goes on."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from waiting import wait_until

from .conftest import Sidecar

WILD = Path(__file__).parents[1] / "plugins" / "wild.py"
DEADLINE_MS = 2000
GOOD: dict[str, Any] = {
    "service": "good",
    "algorithm": "constant",
    "parameters": {"output": {"y": 7.0}},
    "schema": {"inputs": {"x": {"type": "number"}}, "output": {"y": {"type": "number"}}},
}


def wild(**serving: Any) -> dict[str, Any]:
    """A service whose records say what its model does; -1 is its declared default."""
    return {
        "service": "wild",
        "algorithm": "wild",
        "schema": {
            "inputs": {
                "x": {"type": "number", "default": 1},
                "way": {"type": "text", "default": "answer"},
                "at": {"type": "text", "default": ""},
            },
            "output": {"y": {"type": "number"}},
        },
        "data": {"source": "csv", "path": "wild.csv"},
        "serving": {
            "deadline_ms": DEADLINE_MS,
            "default": {"y": -1.0},
            "limits": {"memory_mb": 1024},
            **serving,
        },
    }


@pytest.fixture
def workspace(workspace: Path) -> Path:
    """One service that misbehaves when it is told to, and one that does not."""
    shutil.copy(WILD, workspace / "plugins")
    lines = "".join(f"{n},answer,,{2 * n}\n" for n in range(40))
    (workspace / "wild.csv").write_text("x,way,at,y\n" + lines)
    patient = {"failures": 1000}
    for declared in (GOOD, wild(breaker=patient)):
        text = yaml.safe_dump(declared, sort_keys=False)
        (workspace / "services" / f"{declared['service']}.yaml").write_text(text)
    return workspace


def train(sidecar: Sidecar) -> None:
    """Train the service `wild` and wait until it answers from its model."""
    status, told = sidecar.call("POST", "/v1/services/wild/train", {})
    assert status == 202, told
    assert sidecar.finished(told["job"]["id"])["state"] == "succeeded"
    wait_until(lambda: ask(sidecar)[1]["degraded"] is False)


def ask(sidecar: Sidecar, way: str = "answer", at: str = "") -> tuple[int, Any]:
    """Have the model do something."""
    record = {"x": 1, "way": way, "at": at}
    return sidecar.call("POST", "/v1/services/wild/predict", {"records": [record]})


@contextmanager
def others_go_on(sidecar: Sidecar) -> Iterator[None]:
    """The other service answers from its model all the time, again and again."""
    over, wrong, asked = threading.Event(), [], []

    def keep_asking() -> None:
        while not over.is_set():
            told = sidecar.call("POST", "/v1/services/good/predict", {"records": [{"x": 1}]})
            asked.append(told)
            if told[0] != 200 or told[1]["degraded"]:
                wrong.append(told)

    asking = threading.Thread(target=keep_asking)
    asking.start()
    try:
        yield
    finally:
        over.set()
        asking.join()
    assert wrong == []
    assert asked


def test_whatever_a_model_does_its_caller_gets_the_default_in_time(
    sidecar: Sidecar, tmp_path: Path
) -> None:
    train(sidecar)
    outside = sidecar.workspace / "outside.txt"
    ways = [
        ("raise", ""), ("long", ""), ("text", ""), ("none", ""), ("exit", ""), ("deep", ""),
        ("segfault", ""), ("endless", ""), ("memory", ""), ("files", ""), ("write", str(outside)),
    ]  # fmt: skip
    with others_go_on(sidecar):
        for way, at in ways:
            started = time.monotonic()
            status, told = ask(sidecar, way, at)
            assert (status, told["degraded"]) == (200, True), (way, told)
            assert told["predictions"] == [{"y": -1.0}]
            assert time.monotonic() - started < DEADLINE_MS / 1000 + 20, way
            wait_until(lambda: ask(sidecar)[1]["predictions"] == [{"y": 2.0}])
        wait_until(lambda: ask(sidecar, "print")[1]["degraded"] is False)
    assert not outside.exists()


def test_a_version_that_keeps_crashing_is_quarantined_and_the_last_good_one_returns(
    sidecar: Sidecar,
) -> None:
    impatient = wild(breaker={"failures": 2, "open_s": 0.2, "quarantine_after": 2})
    path = sidecar.workspace / "services" / "wild.yaml"
    train(sidecar)
    path.write_text(yaml.safe_dump({**impatient, "training": {"seed": 1}}, sort_keys=False))
    described = "/v1/services/wild"
    wait_until(lambda: sidecar.call("GET", described)[1]["service"]["configuration_revision"] == 2)
    train(sidecar)
    wait_until(lambda: sidecar.call("GET", described)[1]["service"]["version"] == "2")

    with others_go_on(sidecar):
        wait_until(lambda: (ask(sidecar, "segfault"), champion(sidecar) == "1")[1])

    wait_until(lambda: ask(sidecar)[1]["version"] == "1" and not ask(sidecar)[1]["degraded"])
    versions = sidecar.call("GET", f"{described}/versions")[1]["versions"]
    assert "kept failing" in next(one for one in versions if one["version"] == "2")["quarantined"]
    assert sidecar.call("PUT", f"{described}/aliases/champion", {"version": 2})[0] == 409


def champion(sidecar: Sidecar) -> str:
    """The version that the registry names."""
    aliases = sidecar.call("GET", "/v1/services/wild")[1]["service"]["aliases"]
    return str(aliases["champion"])
