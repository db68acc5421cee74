"""What a Dask cluster of two workers with little memory learns from, and how long it takes.

Needs the extra dask. The data is made in a temporary folder.

Run: python benchmarks/dask_training.py [--files N]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

FEATURES, ROWS_PER_FILE = 30, 125_000
MEMORY_MB = 500
PORT = 17_786
PARAMETERS = {"n_estimators": 30, "learning_rate": 0.3, "early_stopping_rounds": 0}


def main() -> int:
    """Print one row for the cluster and one for the job's own process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=24, help="of 125,000 rows each")
    files = parser.parse_args().files
    with tempfile.TemporaryDirectory() as name:
        workspace = Path(name)
        _write(workspace / "wide", files)
        rows = files * ROWS_PER_FILE
        print(f"{rows:,} rows of {FEATURES} numbers, {rows * FEATURES * 8 / 1e6:,.0f} MB decoded")
        print("| trained | seconds | most memory of a process, MB | roc_auc |\n|---|---|---|---|")
        cluster = _start(workspace)
        try:
            _measure("on two workers", workspace, f"dask://127.0.0.1:{PORT}")
        finally:
            for process in cluster:
                process.terminate()
            for process in cluster:
                process.wait()
        _measure("in the job's process", workspace, None)
    return 0


def _start(workspace: Path) -> list[subprocess.Popen[bytes]]:
    dask = [sys.executable, "-m"]
    scheduler = ["distributed.cli.dask_scheduler", "--port", str(PORT)]
    worker = ["distributed.cli.dask_worker", f"tcp://127.0.0.1:{PORT}", "--nthreads", "1"]
    limits = ["--memory-limit", f"{MEMORY_MB}MB", "--local-directory", str(workspace / "scratch")]
    quiet = ["--host", "127.0.0.1", "--no-dashboard"]
    commands = [[*scheduler, *quiet], *([[*worker, *limits, *quiet]] * 2)]
    return [
        subprocess.Popen([*dask, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for command in commands
    ]


def _measure(where: str, workspace: Path, engine: str | None) -> None:
    """Train in a process of its own, so that its memory is its own."""
    program = [sys.executable, __file__, str(workspace), engine or ""]
    started = time.perf_counter()
    told = subprocess.run(program, capture_output=True, text=True, check=True).stdout
    seconds = time.perf_counter() - started
    area, memory = told.splitlines()[-1].split()
    print(f"| {where} | {seconds:.0f} | {memory} | {area} |", flush=True)


def train(workspace: Path, engine: str) -> None:
    """Train once; print the metric, and the most memory of the workers or of this process."""
    from minerva.bootstrap import open_job
    from minerva.layers.abstraction.registry.records import DEFAULT_TENANT
    from minerva.layers.abstraction.services.parsing import parse
    from minerva.settings import load

    declared = {
        "service": "wide",
        "algorithm": "xgboost.classifier",
        "parameters": PARAMETERS,
        "schema": {
            "inputs": {f"f{number}": {"type": "number"} for number in range(FEATURES)},
            "output": {"good": {"type": "boolean"}},
        },
        "data": {"source": "parquet", "path": "wide"},
        "training": {"engine": engine or None, "holdout": 0.1},
    }
    with open_job(load(workspace, {})) as container:
        configuration = container.registry.declare(DEFAULT_TENANT, parse(declared), "bench")
        made = container.versioning.make(
            configuration,
            job_id=None,
            author="bench",
            progress=lambda fraction, message="": None,  # noqa: ARG005 - names are the Protocol's
            scratch=workspace / "versions",
        )
    print(f"{made['metrics']['roc_auc']:.4f} {_most_memory(engine):.0f}")


def _most_memory(engine: str) -> float:
    import os

    processes = [os.getpid()]
    if engine:
        from distributed import Client

        client = Client(engine.replace("dask://", "tcp://"), set_as_default=False)
        processes = list(client.run(os.getpid).values())
        client.close()
    return max(map(_peak_mb, processes))


def _peak_mb(process: int) -> float:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return int(next(line for line in lines if "VmHWM" in line).split()[1]) / 1000


def _write(folder: Path, files: int) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    folder.mkdir()
    random = np.random.default_rng(0)
    for number in range(files):
        values = random.normal(size=(ROWS_PER_FILE, FEATURES))
        noise = random.normal(size=ROWS_PER_FILE)
        columns = {f"f{column}": values[:, column] for column in range(FEATURES)}
        good = values[:, 0] * values[:, 1] + values[:, 2] + noise > 0
        path = folder / f"part-{number:03}.parquet"
        parquet.write_table(pa.table({**columns, "good": good}), path, row_group_size=50_000)


if __name__ == "__main__":
    if len(sys.argv) == 3 and Path(sys.argv[1]).is_dir():  # noqa: PLR2004 - a workspace and an engine
        train(Path(sys.argv[1]), sys.argv[2])
    else:
        sys.exit(main())
