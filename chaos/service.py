"""What the campaign's workspace holds: a service that trains in a second, and a kind of job that writes."""

from __future__ import annotations

import random
from pathlib import Path

ROWS = 300
"""Rows that a job of kind `ledger` writes."""

SERVICE = """
service: label
algorithm: xgboost.classifier
parameters: {n_estimators: 20, max_depth: 3}
schema:
  key: id
  inputs:
    x: {type: number}
    y: {type: number}
  output:
    label: {type: category, values: ["No", "Yes"]}
data: {source: csv, path: data.csv}
"""

PLUGIN = '''
import time

from minerva import JobKind, hookimpl


class Ledger(JobKind):
    """Writes rows slowly, into a file that appears at once."""

    name = "ledger"

    def run(self, context):
        target = context.workspace / "data" / f"{context.job_id}.csv"
        unfinished = context.folder / "ledger.csv"
        with unfinished.open("w") as file:
            for row in range(300):
                file.write(f"{context.job_id}-{row}\\n")
                if row % 30 == 0:
                    file.flush()
                    context.progress(row / 300, f"row {row}")
                    time.sleep(0.05)
        unfinished.rename(target)
        return {"rows": 300}


@hookimpl
def minerva_job_kinds():
    return [Ledger()]
'''


def write_data(path: Path) -> None:
    """Write 400 rows that can be learnt from."""
    chance = random.Random(7)
    lines = ["id,x,y,label"]
    for row in range(400):
        x, y = chance.gauss(0, 1), chance.gauss(0, 1)
        lines.append(f"{row},{x:.4f},{y:.4f},{'Yes' if x + y > 0 else 'No'}")
    path.write_text("\n".join(lines) + "\n")
