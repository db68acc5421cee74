"""The servers of serving.py: how each is started with two workers, asked and understood.

Each is asked as its own documentation does it: those whose callers name the fields are sent records,
those that take arrays are sent arrays.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from environments import PEERS, environment
from load import Request
from sidecar import MINERVA, free_port

FIELDS = tuple(f"f{number}" for number in range(30))
SERVICE = "risk"
JSON = {"Content-Type": "application/json"}

Rows = np.ndarray
Ask = Callable[[Rows], Request]


@dataclass(frozen=True)
class Place:
    """Where a server runs."""

    workspace: Path
    """Of Minerva, with the service trained."""
    model: Path
    """XGBoost's own file of the same model."""
    folder: Path
    """For what the server itself writes."""
    port: int
    key: str
    """That may ask for predictions."""


@dataclass(frozen=True)
class Server:
    """One server: `chances` reads the chances of `yes` from an answer, None if it answers nothing."""

    command: Callable[[Place], Sequence[str]]
    ask: Callable[[Place], Ask]
    chances: Callable[[bytes], Sequence[float]] | None
    settings: Callable[[Place], Mapping[str, str]] = lambda _: {}
    ask_binary: Callable[[Place], Ask] | None = None
    chances_binary: Callable[[bytes], Sequence[float]] | None = None
    prepare: Callable[[Place], None] = lambda _: None
    peer: bool = True
    title: str = ""


def _records(rows: Rows) -> list[dict[str, float]]:
    return [dict(zip(FIELDS, row, strict=True)) for row in rows.tolist()]


def _body(path: str, form: Callable[[Rows], object]) -> Callable[[Place], Ask]:
    """Return what asks by JSON."""
    return lambda _: lambda rows: Request(path, json.dumps(form(rows)).encode(), JSON)


def _minerva_settings(place: Place) -> Mapping[str, str]:
    return {
        "MINERVA_WORKSPACE": str(place.workspace),
        "MINERVA_PORT": str(place.port),
        "MINERVA_WEB_WORKERS": "2",
    }


def _minerva_ask(place: Place) -> Ask:
    headers = {**JSON, "Authorization": f"Bearer {place.key}"}
    path = f"/v1/services/{SERVICE}/predict"
    return lambda rows: Request(path, json.dumps({"records": _records(rows)}).encode(), headers)


def _minerva_chances(answer: bytes) -> list[float]:
    read = json.loads(answer)
    return [each[f"{SERVICE}_probabilities"]["yes"] for each in read["predictions"]]


def _minerva_ask_binary(place: Place) -> Ask:
    """The Open Inference Protocol's binary tensors both ways: a matrix, and the chances alone."""

    def ask(rows: Rows) -> Request:
        numbers = rows.astype("<f4").tobytes()
        matrix = {
            "name": "rows",
            "shape": list(rows.shape),
            "datatype": "FP32",
            "parameters": {"binary_data_size": len(numbers)},
        }
        chances = {"name": f"{SERVICE}_probabilities", "parameters": {"binary_data": True}}
        head = json.dumps({"inputs": [matrix], "outputs": [chances]}).encode()
        headers = {
            "Content-Type": "application/octet-stream",
            "Inference-Header-Content-Length": str(len(head)),
            "Authorization": f"Bearer {place.key}",
        }
        return Request(f"/v2/models/{SERVICE}/infer", head + numbers, headers)

    return ask


def _minerva_chances_binary(answer: bytes) -> list[float]:
    """Read the FP64 matrix of two columns, no and yes, that follows the answer's JSON."""
    _, end = json.JSONDecoder().raw_decode(answer.decode("latin-1"))
    chances: list[float] = np.frombuffer(answer[end:], "<f8").reshape(-1, 2)[:, 1].tolist()
    return chances


def _in(peer: str, program: str, *arguments: str) -> Callable[[Place], Sequence[str]]:
    """Return the command that starts a program of a peer's environment, `PORT` filled in."""
    return lambda place: [
        str(environment(peer) / program),
        *(str(place.port) if one == "PORT" else one for one in arguments),
    ]


def _key(name: str) -> Callable[[bytes], Sequence[float]]:
    """Return what reads an answer whose chances are a list at this key."""

    def read(answer: bytes) -> Sequence[float]:
        chances: Sequence[float] = json.loads(answer)[name]
        return chances

    return read


def _mlserver_prepare(place: Place) -> None:
    """Write the two files of settings that MLServer reads: the server's and the model's."""
    runtime = "mlserver_xgboost.XGBoostModel"
    settings = {
        "debug": False,
        "host": "127.0.0.1",
        "http_port": place.port,
        "grpc_port": free_port(),
        "metrics_port": free_port(),
        "parallel_workers": 2,
    }
    model = {
        "name": SERVICE,
        "implementation": runtime,
        "parameters": {"uri": str(place.model), "version": "1"},
    }
    (place.folder / "settings.json").write_text(json.dumps(settings))
    (place.folder / "model-settings.json").write_text(json.dumps(model))


def _mlserver_form(rows: Rows) -> object:
    tensor = {"name": "rows", "shape": list(rows.shape), "datatype": "FP32"}
    return {"inputs": [{**tensor, "data": rows.ravel().tolist()}]}


def _mlserver_chances(answer: bytes) -> list[float]:
    chances: list[float] = json.loads(answer)["outputs"][0]["data"]
    return chances


def _mlflow_prepare(place: Place) -> None:
    program = [str(environment("mlflow") / "python"), str(PEERS / "mlflow_model.py")]
    settings = {**os.environ, "MODEL": str(place.model)}
    folder = str(place.folder / "model")
    subprocess.run([*program, folder], env=settings, check=True, stdout=subprocess.DEVNULL)


def _array(rows: Rows) -> object:
    return {"rows": rows.tolist()}


def _bentoml_chances(answer: bytes) -> Sequence[float]:
    chances: Sequence[float] = json.loads(answer)
    return chances


SERVERS: Mapping[str, Server] = {
    "floor": Server(
        command=lambda _: [
            str(Path(MINERVA).with_name("python")),
            str(PEERS.with_name("floor.py")),
        ],
        ask=_minerva_ask,
        chances=None,
        settings=_minerva_settings,
        peer=False,
        title="floor: gunicorn, answers `{}`",
    ),
    "minerva": Server(
        command=lambda _: [MINERVA, "serve"],
        ask=_minerva_ask,
        chances=_minerva_chances,
        settings=_minerva_settings,
        ask_binary=_minerva_ask_binary,
        chances_binary=_minerva_chances_binary,
        peer=False,
        title="Minerva",
    ),
    "fastapi": Server(
        command=_in(
            "fastapi",
            "uvicorn",
            "fastapi_server:app",
            "--app-dir",
            str(PEERS),
            "--port",
            "PORT",
            "--workers",
            "2",
            "--no-access-log",
            "--log-level",
            "warning",
        ),
        ask=_body("/predict", lambda rows: {"records": _records(rows)}),
        chances=_key("chances"),
        title="FastAPI",
    ),
    "mlserver": Server(
        command=lambda place: [
            str(environment("mlserver") / "mlserver"),
            "start",
            str(place.folder),
        ],
        ask=_body(f"/v2/models/{SERVICE}/infer", _mlserver_form),
        chances=_mlserver_chances,
        prepare=_mlserver_prepare,
        title="MLServer",
    ),
    "bentoml": Server(
        command=_in(
            "bentoml",
            "bentoml",
            "serve",
            "bentoml_service:Risk",
            "--working-dir",
            str(PEERS),
            "--host",
            "127.0.0.1",
            "--port",
            "PORT",
        ),
        ask=_body("/predict", _array),
        chances=_bentoml_chances,
        settings=lambda _: {"BENTOML_DO_NOT_TRACK": "True"},
        title="BentoML",
    ),
    "litserve": Server(
        command=_in("litserve", "python", str(PEERS / "litserve_server.py"), "PORT"),
        ask=_body("/predict", _array),
        chances=_key("chances"),
        title="LitServe",
    ),
    "mlflow": Server(
        command=lambda place: [
            str(environment("mlflow") / "mlflow"),
            "models",
            "serve",
            "--env-manager",
            "local",
            "--model-uri",
            str(place.folder / "model"),
            "--port",
            str(place.port),
            "--workers",
            "2",
        ],
        ask=_body(
            "/invocations",
            lambda rows: {"dataframe_split": {"columns": FIELDS, "data": rows.tolist()}},
        ),
        chances=_key("predictions"),
        settings=lambda _: {
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "PATH": f"{environment('mlflow')}:{os.environ['PATH']}",  # it looks for its web server there
        },
        prepare=_mlflow_prepare,
        title="MLflow",
    ),
    "ray": Server(
        command=_in("ray", "python", str(PEERS / "ray_application.py"), "PORT"),
        ask=_body("/", _array),
        chances=_key("chances"),
        settings=lambda _: {
            "RAY_AUTH_MODE": "disabled",
            "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1",
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_raylet_start_wait_time_s": "120",
        },
        title="Ray Serve",
    ),
}
