"""Data larger than the memory of each worker, on real workers that dask ends when they take more."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

FEATURES, FILES, ROWS_PER_FILE = 30, 14, 125_000
MEMORY_MB = 400


def test_two_workers_learn_what_is_larger_than_the_memory_of_each(train, own_cluster, workspace):
    write_wide(workspace / "wide")
    decoded_mb = FEATURES * FILES * ROWS_PER_FILE * 8 / 1e6
    own_cluster.start(memory_mb=MEMORY_MB)
    client = own_cluster.client()
    try:
        before = client.run(os.getpid)
        trained = train(wide_service(own_cluster.url))
        after = client.run(os.getpid)
        peaks = [most_memory_mb(process) for process in after.values()]
    finally:
        client.close()

    assert decoded_mb > MEMORY_MB
    assert before == after, "dask ends a worker that takes more than its limit"
    assert max(peaks) < MEMORY_MB
    assert trained.manifest["data"]["rows"] == FILES * ROWS_PER_FILE
    assert trained.metrics["roc_auc"] > 0.9


def most_memory_mb(process: int) -> float:
    """Return the most that a process ever had in memory."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return int(next(line for line in lines if "VmHWM" in line).split()[1]) / 1000


def wide_service(engine: str) -> dict:
    names = [f"f{number}" for number in range(FEATURES)]
    return {
        "service": "wide",
        "algorithm": "xgboost.classifier",
        "parameters": {"n_estimators": 10, "learning_rate": 0.5},
        "schema": {
            "inputs": {name: {"type": "number"} for name in names},
            "output": {"good": {"type": "boolean"}},
        },
        "data": {"source": "parquet", "path": "wide"},
        "training": {"engine": engine},
    }


def write_wide(folder: Path) -> None:
    folder.mkdir()
    random = np.random.default_rng(0)
    values = random.normal(size=(ROWS_PER_FILE, FEATURES))
    for number in range(FILES):
        values = values + 0.001
        columns = {f"f{column}": values[:, column] for column in range(FEATURES)}
        good = values[:, 0] + values[:, 1] > 0.002 * number
        parquet.write_table(
            pa.table({**columns, "good": good}),
            folder / f"part-{number:02}.parquet",
            row_group_size=50_000,
            use_dictionary=False,
            compression="none",
        )
