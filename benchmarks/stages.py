"""Where the time of a prediction goes in a web worker: each stage by itself, without the web server.

Run: python benchmarks/stages.py [--page]
The model and its service are those of `serving.py`; --page puts the table into docs/benchmarks.md.
"""

from __future__ import annotations

import atexit
import importlib
import io
import json
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from page import PAGE, replaced
from servers import FIELDS, SERVICE, Rows
from serving import SECTION, Subject, train

TURNS, WARM_TURNS = 1500, 200
SHARE = 0.1
"""Of the turns so many were quicker than what is told: the others met something else on the way."""
PLACE = 2
"""Which table of the section."""
STAGES = (
    ("ids, context of the log", "layers.core.http.shortcut", "begin"),
    ("key, scope", "layers.core.http.shortcut", "admit"),
    ("body to columns, bounds", "layers.core.http.predict", "read_straight"),
    ("model", "layers.abstraction.serving.twin", "TwinnedModel.predict"),
    ("answer checked and rounded", "layers.abstraction.serving.answers", "Answers.of"),
    ("rows and JSON", "layers.core.http.predict", "body_of"),
    ("rows and JSON", "layers.core.http.predict", "encoded"),
    ("events", "layers.core.http.shortcut", "finished"),
    ("events", "layers.core.http.answering", "log.info"),
    ("statistics", "layers.core.telemetry.statistics", "Statistics.answered"),
    ("handing over to be recorded", "layers.abstraction.monitoring.recorder", "Recorder.__call__"),
    ("headers", "layers.core.http.shortcut", "Shortcuts._sent"),
)
ALL = "all of it"
COLUMNS = (("one record", 1, 1), ("one of eight of a moment", 1, 8), ("100 records", 100, 1))
"""Title, records of a call, calls."""
Spent = defaultdict[str, float]


def main(arguments: list[str]) -> int:
    """Measure; print the table, in microseconds of computing for each call."""
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)  # after all that the application registers
    subject = train(Path(folder.name))
    os.environ |= {
        "MINERVA_WORKSPACE": str(subject.workspace),
        "MINERVA_LOG_FOLDER": str(Path(folder.name) / "logs"),
        "OMP_NUM_THREADS": "1",
    }
    from minerva.wsgi import create_application

    shortcuts: Any = create_application().wsgi_app
    spent: Spent = defaultdict(float)
    for stage, module, name in STAGES:
        _time(importlib.import_module(f"minerva.{module}"), name, stage, spent)
    columns = [_column(shortcuts, subject, rows, calls, spent) for _, rows, calls in COLUMNS]
    lines = [f"| stage | {' | '.join(title for title, _, _ in COLUMNS)} |", "|---|---:|---:|---:|"]
    lines += [
        f"| {stage} | {' | '.join(f'{one[stage]:,.0f}' for one in columns)} |"
        for stage in [*dict.fromkeys(stage for stage, _, _ in STAGES), ALL]
    ]
    print("\n".join(lines))
    if "--page" in arguments:
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(replaced(page, SECTION, PLACE, lines), encoding="utf-8")
    return 0


def _time(module: Any, name: str, stage: str, spent: Spent) -> None:
    """Have a function add to a stage what it computes from now on."""
    owner, _, last = name.rpartition(".")
    holder = getattr(module, owner) if owner else module
    known: Callable[..., Any] = getattr(holder, last)

    def timed(*given: Any, **named: Any) -> Any:
        began = time.thread_time()
        try:
            return known(*given, **named)
        finally:
            spent[stage] += time.thread_time() - began

    of_class = isinstance(vars(type(holder) if owner == "log" else holder).get(last), classmethod)
    setattr(holder, last, staticmethod(timed) if of_class else timed)


def _column(
    shortcuts: Any, subject: Subject, rows: int, calls: int, spent: Spent
) -> dict[str, float]:
    """Return stage → microseconds of a call."""
    body = _body(subject.rows[:rows])
    found: dict[str, list[float]] = defaultdict(list)
    for turn in range(WARM_TURNS + TURNS):
        moment = [(_environment(body, subject.key), _ignore) for _ in range(calls)]
        spent.clear()
        began = time.thread_time()
        for answer in shortcuts.together(moment):
            assert b"predictions" in b"".join(answer())
        spent[ALL] = time.thread_time() - began
        if turn >= WARM_TURNS:
            for stage, seconds in spent.items():
                found[stage].append(seconds * 1e6 / calls)
    return {stage: sorted(times)[int(SHARE * len(times))] for stage, times in found.items()}


def _body(rows: Rows) -> bytes:
    records = [dict(zip(FIELDS, row, strict=True)) for row in rows.tolist()]
    return json.dumps({"records": records}).encode()


def _environment(body: bytes, key: str) -> dict[str, Any]:
    """Return what the web server makes of a request."""
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": f"/v1/services/{SERVICE}/predict",
        "QUERY_STRING": "",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_AUTHORIZATION": f"Bearer {key}",
        "wsgi.input": io.BytesIO(body),
    }


def _ignore(_status: str, _headers: list[tuple[str, str]]) -> None:
    """Stand for the web server, to which an answer's head is told."""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
