"""What recording predictions costs: on the request path, in the background, and with 10 million records.

Run: python benchmarks/inference_records.py [ROWS]
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from drift_cost import FIELDS, served

if TYPE_CHECKING:
    from minerva.bootstrap import Container
    from minerva.layers.abstraction.monitoring.record import InferenceRecord

CALLS = 20_000
PACE = 2000
"""After so many calls the queue is emptied: none is left out."""
TOGETHER = 10_000
KEPT = 10_000_000


def main(kept: int) -> None:
    """Measure with an empty table, fill it, measure again, and print both."""
    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("error"))
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as container:
        asked, handed, written = _measure(container)
        print(
            f"{'records':>12}{'asked p50':>12}{'p99':>8}{'hand over p50':>16}{'p99':>8}{'each':>8}"
        )
        _show(0, asked, handed, written)
        _fill(container, kept)
        _show(kept, *_measure(container))
        _look(container)
    print(
        "\nin microseconds; `each` is the computing in the background for one record of 30 fields"
    )


def _measure(container: Container) -> tuple[list[float], list[float], float]:
    from minerva.layers.abstraction.serving.question import Question

    question = Question([{f"f{number}": 0.1 * number for number in range(FIELDS)}])
    live = container.live.find("default", "nothing")
    asked, handed = [], []
    predictor = container.predictor
    answer = predictor.predict("default", "nothing", question)
    batch = live.decoder.records(question.records or [])
    container.recorder.flush(60)
    background = 0.0
    for call in range(CALLS):
        began = time.perf_counter()
        predictor.predict("default", "nothing", question)
        between = time.perf_counter()
        container.recorder(live, answer, batch, None, 0.001)
        handed.append((time.perf_counter() - between) * 1e6)
        asked.append((between - began) * 1e6)
        if call % PACE == PACE - 1:
            busy = time.process_time()
            container.recorder.flush(60)
            background += time.process_time() - busy
    return asked, handed, background / (2 * CALLS) * 1e6


def _show(kept: int, asked: list[float], handed: list[float], each: float) -> None:
    figures = [*np.percentile(asked, [50, 99]), *np.percentile(handed, [50, 99]), each]
    print(
        f"{kept:12,}"
        + "".join(f"{one:{n}.1f}" for one, n in zip(figures, (12, 8, 16, 8, 8), strict=True))
    )


def _fill(container: Container, kept: int) -> None:
    """Write records of a month, of other calls and keys."""
    now, spread = datetime.now(UTC), timedelta(days=30)
    features = '{"' + '","'.join(f'f{n}":0.{n}' for n in range(FIELDS)).replace('",', ",") + "}"
    pattern = _record(now, features)
    for start in range(0, kept, TOGETHER):
        container.stores.inferences.add(
            [
                replace(
                    pattern,
                    request_id=f"{number:032x}",
                    key=f"C-{number % 1_000_003}",
                    at=now - spread * (1 - number / kept),
                )
                for number in range(start, min(start + TOGETHER, kept))
            ]
        )


def _record(now: datetime, features: str) -> InferenceRecord:
    from minerva.layers.abstraction.monitoring.record import InferenceRecord

    return InferenceRecord(
        tenant="default",
        service="nothing",
        request_id="",
        row=0,
        version=1,
        key=None,
        at=now,
        ms=1.0,
        degraded=False,
        shadow=False,
        features=features,
        answer='{"y":0.0}',
    )


def _look(container: Container) -> None:
    """Time what reads the table."""
    from minerva.layers.abstraction.monitoring.store import Span

    now = datetime.now(UTC)
    span = Span("default", "nothing", now - timedelta(days=7), now)
    began = time.perf_counter()
    found = container.stores.inferences.newest(span, 10_000)
    print(f"\nthe newest {len(found):,} of them: {time.perf_counter() - began:.2f} s")
    began = time.perf_counter()
    done = container.stores.inferences.prune(
        "default", "nothing", now - timedelta(days=29.9), 10**9
    )
    print(f"forgetting {done:,}: {time.perf_counter() - began:.2f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else KEPT)
