"""Runs the benchmarks in turn, or one of them.

Run: make bench, make bench ONLY=swaps, or python benchmarks [NAME ...]
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

BENCHMARKS = {
    "first_prediction": 20,
    "serving": 780,
    "stages": 40,
    "many_services": 120,
    "idle_services": 80,
    "swaps": 110,
    "neighbours": 240,
    "plugin_reload": 330,
    "process_runtime": 15,
    "micro_batching": 110,
    "drift_cost": 15,
    "drift_detection": 420,
    "inference_records": 600,
    "shared_model": 60,
    "languages": 40,
    "dask_training": 90,
    "queue_latency": 60,
    "job_queue": 90,
    "job_overhead": 60,
    "queue_races": 60,
    "batch": 240,
    "catalogue": 15,
    "hotspots": 100,
    "table1": 240,
    "flow_engine": 80,
    "flow_workers": 600,
    "scale": 780,
    "images": 40,
}
"""Name → seconds that it took on the machine of docs/benchmarks.md."""


def main(names: list[str]) -> int:
    """Run the named benchmarks, all if none is named; return the exit code."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        known = ", ".join(BENCHMARKS)
        print(f"There is no benchmark {', '.join(unknown)}; there are: {known}.", file=sys.stderr)
        return 2
    chosen = names or list(BENCHMARKS)
    minutes, seconds = divmod(sum(BENCHMARKS[name] for name in chosen), 60)
    print(f"Benchmarks: {', '.join(chosen)}.")
    print(
        f"They take about {minutes} min {seconds} s; leave the machine alone meanwhile.", flush=True
    )
    failed = [name for name in chosen if not _run(name)]
    if failed:
        print(f"\nFailed: {', '.join(failed)}.", file=sys.stderr)
    return 1 if failed else 0


def _run(name: str) -> bool:
    print(f"\n== {name} ==\n", flush=True)
    started = time.monotonic()
    here = Path(__file__).parent
    if (here / name).is_dir():  # a package, which finds its neighbours in the current folder
        done = subprocess.run([sys.executable, "-m", name], cwd=here, check=False)
    else:
        done = subprocess.run([sys.executable, str(here / f"{name}.py")], check=False)
    print(f"\n({time.monotonic() - started:.0f} s)", flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
