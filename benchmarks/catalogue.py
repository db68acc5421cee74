"""What each algorithm of the catalogue reaches on real data, beside a simple one.

Run: python benchmarks/catalogue.py
Trains every service of examples/catalogue, each on three quarters of its rows, and measures on the rest;
recurrent networks where PyTorch is installed (extra `torch`).
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import structlog

EXAMPLES = Path(__file__).parents[1] / "examples" / "catalogue"
HEAD = "| service | kind of problem | algorithm | metric | to beat | model | seconds to learn |"


def main() -> None:
    """Print the table."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with tempfile.TemporaryDirectory() as name:
        workspace = Path(shutil.copytree(EXAMPLES, Path(name) / "workspace"))
        writing = [sys.executable, str(workspace / "data.py")]
        subprocess.run(writing, check=True)
        print(f"{HEAD}\n|---|---|---|---|---:|---:|---:|")
        for path in sorted((workspace / "services").glob("*.yaml")):
            if path.stem.endswith("-recurrent") and find_spec("torch") is None:
                continue
            print(_row(_trained(workspace, path)), flush=True)


def _trained(workspace: Path, path: Path) -> dict[str, Any]:
    """Train as a job does; return the version's manifest, and how long learning took."""
    from minerva.bootstrap import open_job
    from minerva.layers.abstraction.services.extending import read_extended
    from minerva.layers.abstraction.services.parsing import parse
    from minerva.settings import load

    with open_job(load(workspace, {})) as container:
        declared = parse(read_extended(path).value)
        configuration = container.registry.declare("default", declared, "benchmark")
        made = container.versioning.make(
            configuration, job_id=None, author="benchmark", progress=lambda *_, **__: None
        )
        version = container.registry.version("default", declared.service, made["version"])
    return {**version.manifest, "seconds": made["training_seconds"]}


def _row(told: dict[str, Any]) -> str:
    baseline = told["baseline"]
    metric = baseline["metric"]
    return (
        f"| {told['service']} | {told['problem']} | `{told['algorithm']}` | {metric} "
        f"| {baseline['metrics'][metric]:.3f} | {told['metrics'][metric]:.3f} | {told['seconds']:.2f} |"
    )


if __name__ == "__main__":
    main()
