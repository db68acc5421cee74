"""Checks of how an algorithm behaves: files, threads, network, memory, standard output, parameters."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from minerva.algorithm import Parameters
from minerva.testing.algorithm.answers import difference
from minerva.testing.algorithm.case import Case
from minerva.testing.algorithm.fresh import ask_fresh, do_fresh
from minerva.testing.algorithm.reading import file_of
from minerva.testing.threads import at_once
from minerva.testing.verdict import Broken, NotApplicable

THREADS, CALLS = 8, 25
SWITCH_INTERVAL_S = 1e-5
"""Threads take turns this often, so that a race shows soon."""


def saving_keeps_the_model(case: Case) -> None:
    """What is saved, moved elsewhere and loaded by a fresh process answers as before."""
    before = case.outputs(case.model, case.batch())
    with tempfile.TemporaryDirectory(prefix="minerva-contract-") as name:
        made, moved = Path(name) / "made", Path(name) / "moved"
        case.save(case.model, made)
        shutil.copytree(made, moved)
        shutil.rmtree(made)
        after = ask_fresh(case, "ask", moved)
    if found := difference(before, after, "before saving", "after loading"):
        raise Broken(
            f"A fresh process answers otherwise: {found}.",
            "Write everything that predict needs in save, and read it all in load.",
        )


def model_files_are_read(case: Case) -> None:
    """What `minerva import` does with a model file, in a process that a damaged one may end."""
    file_of(case.algorithm, case.parameters, case.workspace)
    do_fresh(case, "read")


def threads_do_not_disturb_each_other(case: Case) -> None:
    """Eight threads ask at once what one thread asked before."""
    if not case.algorithm.thread_safe:
        raise NotApplicable("declared thread_safe = False: its models are asked one call at a time")
    batch = case.batch()
    size = max(1, len(batch) // 4)
    parts = [batch.take((np.arange(size) + 3 * number) % len(batch)) for number in range(THREADS)]
    expected = [case.outputs(case.model, part) for part in parts]

    def ask(number: int) -> str | None:
        found = (
            difference(expected[number], case.outputs(case.model, parts[number]), "alone")
            for _ in range(CALLS)
        )
        return next((one for one in found if one), None)

    with many_turns():
        try:
            differences = [found for found in at_once(THREADS, ask) if found]
        except Broken as broken:
            raise Broken(f"With {THREADS} threads at once: {broken.what}", MEND_THREADS) from broken
    if differences:
        what = f"{THREADS} threads at once get other answers than one: {differences[0]}."
        raise Broken(what, MEND_THREADS)


MEND_THREADS = "Keep no state on the model in predict, or declare `thread_safe = False`."


@contextmanager
def many_turns() -> Iterator[None]:
    """Have threads take turns often, so that a race shows soon."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def the_network_is_left_alone(case: Case) -> None:
    """Trains, saves, loads and predicts where every call to the network is refused."""
    if case.algorithm.network:
        raise NotApplicable("declared network = True")
    calls = do_fresh(case, "offline")["calls"]
    if calls:
        first = calls[0]
        raise Broken(
            f"{first['phase']} called {first['call']}{first['where']}.",
            "Bring what is needed as a file, or declare `network = True`.",
        )


def memory_is_bounded(case: Case) -> None:
    """Training stays below its limit, and predictions leave nothing behind."""
    life, limits = _life(case), case.limits
    if life["out_of_memory"]:
        raise Broken(
            f"{life['out_of_memory']} needed more than {limits.training_memory_mb} MB of memory.",
            "Work in parts, or raise `training_memory_mb` (`minerva test`: --memory-mb).",
        )
    grown = life["grown_mb"]
    if grown and min(grown) > limits.growth_mb:
        told = " and again by ".join(f"{one:.1f} MB" for one in grown)
        raise Broken(
            f"100 predictions of {life['rows']} records grew memory by {told}.",
            "Keep nothing of a batch or its answers on the model, in a list or in a cache without end.",
        )


def nothing_is_written_elsewhere(case: Case) -> None:
    """Only save writes, and only into its folder; train may use temporary files."""
    writes = _life(case)["writes"]
    if writes:
        first = writes[0]
        raise Broken(
            f"{first['phase']} wrote {first['path']}{first['where']}.",
            "Write in save only, into the folder it is given, or use the module tempfile.",
        )


def nothing_is_printed(case: Case) -> list[str]:
    """Advice only: standard output goes to a log that nobody looks at."""
    printed = _life(case)["printed"]
    if not printed:
        return []
    return [f"It prints ({printed!r}): use structlog or context.progress, which people see."]


def _life(case: Case) -> dict[str, Any]:
    """What was seen in one life of the algorithm; lived once for all checks that ask."""
    if not case.seen:
        case.seen.update(do_fresh(case, "life"))
    return case.seen


def parameters_are_described(case: Case) -> list[str]:
    """Advice only: who writes a service reads them in `minerva algorithms show NAME`."""
    return undescribed(case.algorithm.Parameters)


def undescribed(kind: type[Parameters]) -> list[str]:
    """Return what parameters lack that people read, a sentence each."""
    _, parts = msgspec.json.schema_components([kind])
    properties = parts.get(kind.__name__, {}).get("properties", {})
    return [
        f"Parameter {name} has no {' and no '.join(lacks)}: annotate it with "
        "msgspec.Meta(ge=…, le=…, description=…)."
        for name, one in properties.items()
        if (lacks := _lacks(one))
    ]


def _lacks(described: dict[str, Any]) -> list[str]:
    kinds = [described, *described.get("anyOf", ())]
    number = any(one.get("type") in {"integer", "number"} for one in kinds)
    bounds = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
    bounded = any(bounds & one.keys() for one in kinds)
    lacks = ["range"] if number and not bounded else []
    return lacks if described.get("description") else [*lacks, "description"]
