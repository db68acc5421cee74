"""The short table at the end: how good, how fast, who is at risk, and where to look."""

from __future__ import annotations

import os
import secrets
import shlex
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from demo import legacy
from demo.plan import SERVICE, Plan
from demo.start import ask
from demo.trouble import DemoError
from minerva.client import Client
from minerva.errors import MinervaError

ASKED = 600
"""How many single predictions are timed, after a few to warm up."""
WARM_UP = 20
RISKIEST = 5


@dataclass(frozen=True)
class Summary:
    """What the table shows."""

    version: str
    metrics: dict[str, float]
    training: dict[str, Any]
    """The training job's result."""
    scored: int
    p50_ms: float
    p99_ms: float
    riskiest: list[dict[str, Any]]
    request_id: str


def collect(plan: Plan) -> Summary:
    """Ask both parts. Raises DemoError."""
    try:
        with ask(plan) as client:
            version = _champion(client)
            training = client.job(version["job_id"])["result"]
            p50_ms, p99_ms = _time_predictions(client, legacy.feature_rows(plan, ASKED))
    except MinervaError as error:
        raise DemoError(f"The sidecar refused: {error}") from error
    riskiest = legacy.riskiest(plan, RISKIEST)
    if not riskiest:
        raise DemoError("The legacy product holds no scores, though it says that it scored.")
    request_id = f"demo-{secrets.token_hex(4)}"
    legacy.open_customer_page(plan, riskiest[0]["customer_id"], request_id)
    return Summary(
        version=version["version"],
        metrics=version["metrics"],
        training=training,
        scored=legacy.status(plan)["main"]["scored"],
        p50_ms=p50_ms,
        p99_ms=p99_ms,
        riskiest=riskiest,
        request_id=request_id,
    )


def show(plan: Plan, summary: Summary, seconds: float, console: Console) -> None:
    """Print it."""
    console.print()
    console.print(_figures(summary))
    console.print(_customers(summary))
    first = summary.riskiest[0]["customer_id"]
    lines = (
        ("A customer with its risk badge", f"{plan.legacy_url}/customers/{first}"),
        ("The sidecar's API, to try out", f"{plan.sidecar_url}/docs"),
        ("One prediction's whole path", _logs_command(plan, summary.request_id)),
    )
    for what, where in lines:
        console.print(f"{what + ':':<32}{where}", soft_wrap=True, markup=False)
    console.print(f"\nAll of it took {seconds:.1f} seconds.")


def _champion(client: Client) -> dict[str, Any]:
    for version in client.versions(SERVICE):
        if "champion" in version["aliases"]:
            return version
    raise DemoError(f"No version of service {SERVICE!r} is champion: the gate held it back.")


def _time_predictions(client: Client, records: list[dict[str, Any]]) -> tuple[float, float]:
    """Return median and 99th percentile in milliseconds, one record per call, one connection."""
    for record in records[:WARM_UP]:
        client.predict(SERVICE, records=[record])
    taken = []
    for record in records:
        started = time.perf_counter()
        client.predict(SERVICE, records=[record])
        taken.append((time.perf_counter() - started) * 1000)
    percentiles = statistics.quantiles(taken, n=100, method="inclusive")
    return percentiles[49], percentiles[98]


def _figures(summary: Summary) -> Table:
    table = Table(title=f"Service {SERVICE}, version {summary.version}", show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    held_out = summary.training["held_out_rows"]
    rows = (
        (f"ROC AUC on {held_out:,} held-out rows", f"{summary.metrics['roc_auc']:.4f}"),
        ("Log loss", f"{summary.metrics['log_loss']:.4f}"),
        ("Training", f"{summary.training['training_seconds']:.1f} s"),
        ("Rows scored over REST", f"{summary.scored:,}"),
        ("Single prediction over REST, p50", f"{summary.p50_ms:.1f} ms"),
        ("Single prediction over REST, p99", f"{summary.p99_ms:.1f} ms"),
    )
    for row in rows:
        table.add_row(*row)
    return table


def _customers(summary: Summary) -> Table:
    table = Table(title="The five riskiest subscribers")
    for name in ("Customer", "Name", "Contract"):
        table.add_column(name)
    for name in ("Monthly", "Risk"):
        table.add_column(name, justify="right")
    for customer in summary.riskiest:
        table.add_row(
            customer["customer_id"],
            customer["name"],
            customer["contract"],
            f"{customer['monthly_charges']:.2f}",
            f"{customer['probability']:.1%}",
        )
    return table


def _logs_command(plan: Plan, request_id: str) -> str:
    words = [_near(plan.program), "logs", "--request-id", request_id]
    return shlex.join([*words, "--workspace", _near(plan.workspace)])


def _near(path: Path) -> str:
    """The shorter way to write a path from here."""
    return min(str(path), os.path.relpath(path), key=len)
