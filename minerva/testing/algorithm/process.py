"""Entry point of a fresh process of a contract: `python -m minerva.testing.algorithm.process`.

Started with `layers.abstraction.jobs.process.spawn`: the first line of standard input says what to do,
the file descriptor in argv takes JSON lines: events of a session (see `session`), or once
`{"result"}` or `{"broken": {"what", "mend"}}`.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
from pathlib import Path
from typing import Any

import msgspec

from minerva.testing.algorithm import life, reading
from minerva.testing.algorithm.case import unpack
from minerva.testing.algorithm.checks import by_name
from minerva.testing.algorithm.fresh import Task
from minerva.testing.algorithm.session import Session, check_all
from minerva.testing.step import life as step_life
from minerva.testing.step.case import Task as StepTask
from minerva.testing.verdict import Broken, NotApplicable

TASKS = {
    "retrain": life.retrain,
    "ask": life.ask,
    "offline": life.offline,
    "life": life.life,
    "read": reading.read,
}


def main() -> int:
    """Do one task, or a whole session of checks; the exit code is 0 whenever the end was told."""
    channel = int(sys.argv[1])
    line = sys.stdin.buffer.readline()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.dont_write_bytecode = True
    asked = msgspec.json.decode(line, type=Task | StepTask | Session)

    def tell(message: dict[str, Any]) -> None:
        _tell(channel, message)

    try:
        if isinstance(asked, Session):
            check_all(asked, tell)
        elif isinstance(asked, StepTask):
            tell({"result": step_life.do(asked)})
        else:
            tell({"result": _do(asked)})
    except Broken as broken:
        tell({"broken": {"what": broken.what, "mend": broken.mend}})
    gc.freeze()  # as in every process of ours that ends: see `minerva.cli`
    return 0


def _do(task: Task) -> dict[str, Any]:
    case = unpack(task.case)
    if task.name != "check":
        return TASKS[task.name](case, Path(task.folder))
    try:
        return {"advice": list(by_name(task.check).look(case) or ())}
    except NotApplicable as reason:
        return {"left_out": str(reason)}


def _tell(channel: int, message: dict[str, Any]) -> None:
    line = msgspec.json.encode(message, enc_hook=str) + b"\n"
    while line:
        line = line[os.write(channel, line) :]


def _end_with_parent() -> None:
    """Standard input ends when the parent does: then nobody wants the result."""
    while os.read(0, 4096):
        continue
    os._exit(3)


if __name__ == "__main__":
    sys.exit(main())
