"""What a batch prediction costs beside a bare loop of pyarrow and xgboost over the same file.

1,000,000 rows of 30 numbers and a key, Parquet to Parquet, 300 trees. Both run on one core, in turn, and
the best of three counts; the fixed cost of a job (its process, its imports, the goldens) is measured
by a job of one row and told apart. Both with a spare process that waits, as a worker keeps it, and without.
Memory is the most that the job's process ever held. Then the workers: the parts of one job, done by one
worker, by one that is held to one core (else its readers use the other one, too), and by two; and, for what
the machine allows, one bare loop and two at once.

Run: python benchmarks/batch.py [ROWS]
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

FEATURES = 30
GROUP_ROWS = 100_000
AT_ONCE = 65_536
FILES = 12
REST_S = 5.0
"""So long after a job another process is ready for the next one."""
NICER = 5
"""As a job's process is."""
INPUTS = {f"f{n}": {"type": "number"} for n in range(FEATURES)}
SCHEMA = {
    "key": "id",
    "inputs": INPUTS,
    "output": {"y": {"type": "category", "values": ["No", "Yes"]}},
}


def main(rows: int) -> None:
    """Print throughput, memory, and what a second worker gives."""
    with tempfile.TemporaryDirectory() as name:
        workspace = Path(name)
        (workspace / "data").mkdir()
        _write_model(workspace / "model.ubj")
        source = workspace / "data" / "people.parquet"
        _write_rows(source, rows)
        _write_rows(workspace / "data" / "one.parquet", 1)
        with _opened(workspace) as container:
            with _on_one_core():
                _against_bare(container, workspace, source, rows)
            _memory_and_workers(container, workspace, source, rows)
            _two_loops(workspace, source)


def _start_of_a_job(container: Any, rows: int, loop_s: float) -> None:
    with container.runner.ready():
        _run(container, "one.parquet")  # tells which libraries spares should have
        start_s = min(_run(container, "one.parquet", rest_s=REST_S)[0] for _ in range(3))
        job_s = min(_run(container, "people.parquet", rest_s=REST_S)[0] for _ in range(3))
    print(
        f"with a spare     {start_s:.2f} s; with it {rows / job_s:,.0f} rows/s, "
        f"{loop_s / job_s:.2f} of the loop"
    )


def _against_bare(container: Any, workspace: Path, source: Path, rows: int) -> None:
    bare, ours, fixed = [], [], []
    for _ in range(3):
        bare.append(_bare(workspace, source))
        ours.append(_run(container, "people.parquet"))
        fixed.append(_run(container, "one.parquet"))
    loop_s, loop_cpu_s = min(one[0] for one in bare), min(one[1] for one in bare)
    job_s, start_s = min(one[0] for one in ours), min(one[0] for one in fixed)
    job_cpu_s = min(one[1] for one in ours) - min(one[1] for one in fixed)
    print(f"bare loop        {rows / loop_s:>9,.0f} rows/s, {loop_cpu_s:.2f} s of CPU")
    print(
        f"batch, one core  {rows / (job_s - start_s):>9,.0f} rows/s, {job_cpu_s:.2f} s of CPU: "
        f"{loop_s / (job_s - start_s):.2f} of the loop by time, {loop_cpu_s / job_cpu_s:.2f} by CPU"
    )
    print(f"the job's start  {start_s:.2f} s; with it {loop_s / job_s:.2f} of the loop", flush=True)
    _start_of_a_job(container, rows, loop_s)
    print(f"memory           {max(one[2] for one in ours):.0f} MiB for {rows:,} rows", flush=True)


def _memory_and_workers(container: Any, workspace: Path, source: Path, rows: int) -> None:
    many = workspace / "data" / "many"
    many.mkdir()
    for number in range(FILES):
        (many / f"{number}.parquet").hardlink_to(source)
    _, _, memory = _run(container, "many", input_format="parquet", parts=1)
    print(f"memory           {memory:.0f} MiB for {rows * FILES:,} rows", flush=True)
    with _on_one_core():
        held = min(_in_parts(container, 1) for _ in range(2))
    alone = min(_in_parts(container, 1) for _ in range(2))
    together = min(_in_parts(container, 2) for _ in range(2))
    print(
        f"four parts       {alone:.1f} s by one worker, {held:.1f} s if it is held to one core, "
        f"{together:.1f} s by two: {alone / together:.2f} and {held / together:.2f} times, "
        f"on {os.cpu_count()} cores"
    )


def _two_loops(workspace: Path, source: Path) -> None:
    """Tell what the machine itself allows: how much two bare loops hold each other up."""
    second = workspace / "data" / "second"
    second.mkdir()
    (second / "people.parquet").hardlink_to(source)
    sources = (source, second / "people.parquet")
    alone = min(_bare(workspace, source)[0] for _ in range(3))
    with ThreadPoolExecutor(2) as threads:
        rounds = [
            list(threads.map(lambda one: _bare(workspace, one)[0], sources)) for _ in range(3)
        ]
    together = min(max(each) for each in rounds)
    print(
        f"bare loops       {alone:.2f} s alone, {together:.2f} s beside another: two do "
        f"{2 * alone / together:.2f} times as much as one"
    )


def _in_parts(container: Any, workers: int) -> float:
    """Return how long the workers take for the parts of one job."""
    container.runner.spares.size = workers  # each worker keeps one
    with container.runner.ready(), ThreadPoolExecutor(workers) as threads:
        job = _submit(container, "many", input_format="parquet", parts=4)
        _runner(container).run(job.id)
        parts = [part.id for part in container.jobs.list("default", parent=job.id)]
        time.sleep(REST_S)
        started = time.perf_counter()
        list(threads.map(lambda part: _runner(container).run(part), parts))
        taken = time.perf_counter() - started
        _runner(container).run(job.id)
    _demand(container, job.id)
    return taken


def _run(container: Any, source: str, rest_s: float = 0, **more: Any) -> tuple[float, float, float]:
    """Return wall seconds, CPU seconds and MiB of a job in a process of its own."""
    time.sleep(rest_s)
    job = _submit(container, source, **more)
    watch = _Memory(os.getpid())
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    _runner(container).run(job.id)
    taken = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    _demand(container, job.id)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return taken, cpu, watch.end()


def _submit(container: Any, source: str, **more: Any) -> Any:
    from minerva.layers.abstraction.jobs.jobs import Asked

    asked = Asked(tenant="default", service="scores", author="benchmark")
    call = {"input": f"data/{source}", "output": "data/scores.parquet", "overwrite": True, **more}
    return container.jobs.submit("batch", asked, call)[0]


def _runner(container: Any) -> Any:
    return replace(container.runner, _stopping=threading.Event())


def _demand(container: Any, job_id: str) -> None:
    job = container.jobs.get("default", job_id)
    if job.state.value != "succeeded":
        raise SystemExit(f"The job ended as {job.state.value}: {job.error}")


class _Memory:
    """Looks every 20 ms how much the job's process has held at most."""

    def __init__(self, parent: int) -> None:
        self._parent = parent
        self._most = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def end(self) -> float:
        """Return MiB."""
        self._ended.set()
        self._thread.join()
        return self._most

    def _look(self) -> None:
        while not self._ended.wait(0.02):
            for child in _children(self._parent):
                self._most = max(self._most, _most_held(child))


def _children(parent: int) -> list[int]:
    try:
        tasks = Path(f"/proc/{parent}/task").glob("*/children")
        return [int(child) for task in tasks for child in task.read_text().split()]
    except OSError:
        return []


def _most_held(process: int) -> float:
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0.0
    line = next((one for one in status.splitlines() if one.startswith("VmHWM")), "VmHWM: 0 kB")
    return int(line.split()[1]) / 1024


def _bare(workspace: Path, source: Path) -> tuple[float, float]:
    """Return wall and CPU seconds of the loop, in a process of its own, its imports left out."""
    command = [sys.executable, __file__, "--bare", str(workspace / "model.ubj"), str(source)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    wall, cpu = map(float, done.stdout.split())
    return wall, cpu


def bare_loop(model: Path, source: Path) -> None:
    """Read, predict and write as somebody would who needs nothing else; print the seconds."""
    import numpy as np
    import pyarrow as pa
    import xgboost
    from pyarrow import parquet

    os.nice(NICER)
    booster = xgboost.Booster(model_file=model)
    booster.set_param({"nthread": 1})
    names = list(INPUTS)
    wall, cpu = time.perf_counter(), time.process_time()
    writer = None
    for rows in parquet.ParquetFile(source).iter_batches(AT_ONCE, columns=["id", *names]):
        matrix = np.column_stack([rows.column(name).to_numpy() for name in names]).astype("f4")
        chance = booster.inplace_predict(matrix)
        answer = pa.table(
            {"id": rows.column("id"), "y": np.where(chance >= 0.5, "Yes", "No"), "chance": chance}  # noqa: PLR2004 - more likely than not
        )
        writer = writer or parquet.ParquetWriter(source.with_name("bare.parquet"), answer.schema)
        writer.write_table(answer)
    if writer is not None:
        writer.close()
    print(time.perf_counter() - wall, time.process_time() - cpu)


def _write_model(path: Path) -> None:
    import numpy as np
    import xgboost

    chance = np.random.default_rng(0)
    features = chance.normal(size=(20_000, FEATURES)).astype(np.float32)
    truth = features[:, :5].sum(axis=1) + chance.normal(size=len(features)) > 0
    data = xgboost.DMatrix(features, truth, feature_names=list(INPUTS))
    parameters = {"max_depth": 4, "objective": "binary:logistic", "nthread": 1}
    xgboost.train(parameters, data, 300).save_model(path)


def _write_rows(path: Path, rows: int) -> None:
    import numpy as np
    import pyarrow as pa
    from pyarrow import parquet

    chance, writer = np.random.default_rng(1), None
    for first in range(0, rows, GROUP_ROWS):
        size = min(GROUP_ROWS, rows - first)
        columns: dict[str, Any] = {"id": np.arange(first, first + size)}
        columns |= {name: chance.normal(size=size) for name in INPUTS}
        table = pa.table(columns)
        writer = writer or parquet.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()


@contextmanager
def _opened(workspace: Path) -> Iterator[Any]:
    from minerva.bootstrap import open_job
    from minerva.layers.abstraction.services.parsing import parse
    from minerva.settings import load

    declared = {
        "service": "scores",
        "algorithm": "xgboost.model",
        "parameters": {"path": "model.ubj"},
        "schema": SCHEMA,
    }
    with open_job(load(workspace, {})) as container:
        configuration = container.registry.declare("default", parse(declared), "benchmark")
        container.versioning.make(
            configuration, job_id=None, author="benchmark", progress=lambda *_, **__: None
        )
        yield container


@contextmanager
def _on_one_core() -> Iterator[None]:
    """Keep this process and its children on one core."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


if __name__ == "__main__":
    if "--bare" in sys.argv:
        bare_loop(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
