"""Minerva beside other servers of the same model: throughput, latency, start, memory.

Run: python benchmarks/serving.py [--rounds N] [--page] [SERVER ...]
Every server in turn, each with two workers, in so many rounds. PEERS in the environment chooses, too;
--page puts the tables into docs/benchmarks.md. The first run installs each peer into a virtual
environment of its own.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from claims import claimed
from environments import cache
from load import Felt, Request, ended, started
from page import PAGE, replaced
from servers import FIELDS, SERVERS, SERVICE, Place, Rows, Server
from sidecar import free_port, marked, memory, minerva, running

from minerva.client import ONE_TRY, Client

ROUNDS = 3
CONNECTIONS = 16
WARM_S, ONE_S, ALONE_S, HUNDRED_S = 3.0, 5.0, 3.0, 4.0
WITHIN_S = 240.0
TOLERANCE = 2e-6
"""Minerva answers probabilities with six decimals."""
SECTION = "Beside other servers"
HEAD = (
    "| server | one row, 16 connections, /s | p50, ms | p99, ms | one row, 1 connection, p50, ms "
    "| 100 rows, /s | start, s | memory, MiB |"
)
Round = dict[str, Any]


@dataclass(frozen=True)
class Subject:
    """The model that all serve, and what it must answer."""

    workspace: Path
    model: Path
    key: str
    rows: Rows
    chances: Sequence[float]


def main(arguments: Sequence[str]) -> int:
    """Measure; print the tables and keep all figures as JSON."""
    chosen = _arguments(arguments)
    names = ["floor", "minerva", *(name for name in SERVERS if name in chosen.servers)]
    with tempfile.TemporaryDirectory() as folder:
        subject = train(Path(folder))
        places = {name: _place(Path(folder), name, subject) for name in names}
        found, dropped = _rounds(places, subject, chosen.rounds)
    claims = claimed(found)
    tables = [_table(found), ["| asked | reached | |", "|---|---:|---|", *claims]]
    for lines in tables:
        print("\n" + "\n".join(lines))
    kept = _kept(found, claims)
    print(f"\nAll figures: {kept}")
    if chosen.page:
        page = PAGE.read_text(encoding="utf-8")
        for place, lines in enumerate(tables):
            page = replaced(page, SECTION, place, lines)
        PAGE.write_text(page, encoding="utf-8")
    if dropped:
        print(f"\nLeft out, as they failed: {', '.join(dropped)}.", file=sys.stderr)
    return int(bool(dropped) or any(each["failed"] for each in found["minerva"]))


def _rounds(
    places: Mapping[str, Place], subject: Subject, rounds: int
) -> tuple[dict[str, list[Round]], list[str]]:
    """Measure in rounds; return what was found, and which peers failed and are left out."""
    found: dict[str, list[Round]] = {name: [] for name in places}
    dropped: list[str] = []
    for turn in range(1, rounds + 1):
        for name in list(found):  # in turn, so that all see the same machine
            try:
                found[name].append(_measured(SERVERS[name], places[name], subject))
            except (OSError, ValueError, IndexError, AssertionError) as error:
                if not SERVERS[name].peer:
                    raise
                print(f"{name}: {error}", file=sys.stderr)
                dropped.append(name)
                del found[name]
            else:
                print(f"{turn} {name:10}{_said(found[name][-1])}", flush=True)
    return found, dropped


def _arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    peers = [name for name, server in SERVERS.items() if server.peer]
    named = os.environ.get("PEERS", "").split() or peers
    parser.add_argument("servers", nargs="*", default=named, metavar="SERVER")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--page", action="store_true")
    chosen = parser.parse_args(arguments)
    unknown = set(chosen.servers) - set(SERVERS)
    if unknown:
        parser.error(f"no server {', '.join(sorted(unknown))}; there are: {', '.join(SERVERS)}")
    return chosen


def train(folder: Path) -> Subject:
    """Have Minerva train the model, with goldens and all; its file is what the others serve."""
    import xgboost

    workspace = folder / "workspace"
    minerva(workspace, "init", str(workspace))
    _declare(workspace)
    with running(workspace) as sidecar:
        sidecar.wait_until_ready()
        with Client(sidecar.url, sidecar.key, policy=ONE_TRY) as client:
            sidecar.train(client, SERVICE)
        key = _key_of_a_caller(workspace)
    model = next((workspace / ".minerva" / "artefacts" / "versions").rglob("model.ubj"))
    rows = np.random.default_rng(11).normal(size=(100, len(FIELDS))).round(4)
    chances = xgboost.Booster(model_file=model).inplace_predict(rows.astype("f4"))
    return Subject(workspace, model, key, rows, chances.tolist())


def _declare(workspace: Path) -> None:
    """Declare the service, and write what it learns from."""
    draw = np.random.default_rng(7)
    rows = draw.normal(size=(20_000, len(FIELDS))).round(4)
    signal = rows @ draw.normal(size=len(FIELDS)) + 2 * rows[:, 0] * rows[:, 1]
    leaves = signal + 2 * draw.normal(size=len(rows)) > 0
    lines = [",".join([*FIELDS, SERVICE])]
    lines += [
        ",".join([*map(str, row), "yes" if leaf else "no"])
        for row, leaf in zip(rows.tolist(), leaves, strict=True)
    ]
    (workspace / "data").mkdir()
    (workspace / "data" / "rows.csv").write_text("\n".join(lines) + "\n")
    declared = {
        "service": SERVICE,
        "algorithm": "xgboost.classifier",
        "parameters": {"n_estimators": 200, "max_depth": 6, "early_stopping_rounds": 0},
        "schema": {
            "inputs": {name: {"type": "number"} for name in FIELDS},
            "output": {SERVICE: {"type": "category", "values": ["no", "yes"]}},
        },
        "data": {"source": "csv", "path": "data/rows.csv"},
    }
    (workspace / "services" / f"{SERVICE}.yaml").write_text(
        yaml.safe_dump(declared, sort_keys=False)
    )


def _key_of_a_caller(workspace: Path) -> str:
    """Return a key that may ask for predictions and nothing else."""
    made = minerva(workspace, "keys", "create", "benchmark", "--scope", "predict", "--json")
    return str(json.loads(made)["key"])


def _place(folder: Path, name: str, subject: Subject) -> Place:
    """Prepare a server; what it needs is installed at the first time."""
    own = folder / name
    own.mkdir()
    place = Place(subject.workspace, subject.model, own, free_port(), subject.key)
    SERVERS[name].prepare(place)
    SERVERS[name].command(place)
    return place


def _measured(server: Server, place: Place, subject: Subject) -> Round:
    """Start a server, ask it in every way, end it."""
    ask = server.ask(place)
    one, hundred = ask(subject.rows[:1]), ask(subject.rows)
    with _started(server, place) as (pid, mark):
        began = time.monotonic()
        _wait_for_an_answer(place.port, one)
        found: Round = {"start_s": time.monotonic() - began}
        _check(server.chances, _answer(place.port, one), subject.chances[:1])
        _check(server.chances, _answer(place.port, hundred), subject.chances)
        _felt(place, one, CONNECTIONS, WARM_S)
        felt = {
            "one": _felt(place, one, CONNECTIONS, ONE_S),
            "alone": _felt(place, one, 1, ALONE_S),
            "hundred": _felt(place, hundred, CONNECTIONS, HUNDRED_S),
        }
        if server.ask_binary is not None:
            binary = server.ask_binary(place)(subject.rows)
            _check(server.chances_binary, _answer(place.port, binary), subject.chances)
            felt["binary"] = _felt(place, binary, CONNECTIONS, HUNDRED_S)
        found["memory_mib"] = sum(map(_memory, marked(pid, mark)))
    found["failed"] = sum(each.failed for each in felt.values())
    for name, each in felt.items():
        found[f"{name}_per_s"] = each.per_second
        found[f"{name}_p50_ms"], found[f"{name}_p99_ms"] = each.quantile(0.5), each.quantile(0.99)
    return found


@contextmanager
def _started(server: Server, place: Place) -> Iterator[tuple[int, str]]:
    """Run a server; give its process and the variable that marks all of them."""
    mark = f"MINERVA_BENCHMARK={uuid.uuid4()}"
    threads = max(1, (os.cpu_count() or 1) // 2)  # of each of the two workers
    environment = {
        **os.environ,
        **server.settings(place),
        **dict([mark.split("=")]),
        "MODEL": str(place.model),
        "OMP_NUM_THREADS": str(threads),
    }
    with (place.folder / "output").open("wb") as output:
        process = subprocess.Popen(
            server.command(place),
            env=environment,
            cwd=place.folder,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process.pid, mark
    except Exception:
        print((place.folder / "output").read_text(errors="replace")[-3000:], file=sys.stderr)
        raise
    finally:
        _end(process, mark)


def _end(process: subprocess.Popen[bytes], mark: str) -> None:
    """End a server, then whatever it has left behind."""
    family = marked(process.pid, mark)  # while it lives: an orphan is nobody's child
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=15)
    for pid in family:
        with suppress(ProcessLookupError):
            os.kill(pid, 9)
    process.wait()


def _wait_for_an_answer(port: int, request: Request) -> None:
    deadline = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline:
        with suppress(OSError, http.client.HTTPException, ValueError):
            _answer(port, request)
            return
        time.sleep(0.02)
    raise TimeoutError(f"no answer within {WITHIN_S:.0f} s")


def _answer(port: int, request: Request) -> bytes:
    """Return an answer's body. Raises ValueError if it tells of an error."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", request.path, request.body, dict(request.headers))
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if answer.status != http.HTTPStatus.OK:
        raise ValueError(f"{answer.status}: {body[:500]!r}")
    return body


def _check(chances: Any, answer: bytes, expected: Sequence[float]) -> None:
    if chances is not None:
        np.testing.assert_allclose(chances(answer), expected, atol=TOLERANCE)


def _felt(place: Place, request: Request, connections: int, seconds: float) -> Felt:
    return ended(started(place.port, request, connections, seconds=seconds))


def _memory(pid: int) -> float:
    with suppress(OSError):  # ended meanwhile
        return memory(pid)
    return 0.0


def _said(found: Mapping[str, float]) -> str:
    return "  ".join(f"{name} {value:.5g}" for name, value in found.items())


def _table(found: Mapping[str, Sequence[Round]]) -> list[str]:
    """Return the lines of the table of medians."""
    lines = [
        HEAD,
        "|---|" + "---:|" * 7,
    ]
    for name, rounds in found.items():
        middle = {key: statistics.median(each[key] for each in rounds) for key in rounds[0]}
        lines.append(_line(SERVERS[name].title, middle))
        if "binary_per_s" in middle:
            cell = f"{middle['binary_per_s']:,.0f}"
            lines.append(f"| {SERVERS[name].title}, binary tensors | | | | | {cell} | | |")
    return lines


def _line(title: str, middle: Mapping[str, float]) -> str:
    cells = [
        title,
        f"{middle['one_per_s']:,.0f}",
        f"{middle['one_p50_ms']:.1f}",
        f"{middle['one_p99_ms']:.1f}",
        f"{middle['alone_p50_ms']:.2f}",
        f"{middle['hundred_per_s']:,.0f}",
        f"{middle['start_s']:.1f}",
        f"{middle['memory_mib']:.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def _kept(found: Mapping[str, Sequence[Round]], claims: Sequence[str]) -> Path:
    """Write all figures as JSON; return where."""
    machine = {
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load_average": os.getloadavg(),
    }
    path = cache() / "serving.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    told = {"machine": machine, "rounds": found, "claims": claims}
    path.write_text(json.dumps(told, indent=2) + "\n")
    return path


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
