"""What an answer of a runner must look like, said in sentences for its author."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from minerva.runner import Answer
from minerva.testing.runner.data import DataSet

RELATIVE, ABSOLUTE = 1e-6, 1e-9
"""How far two answers may be apart and yet be the same: sums in another order differ by less."""
SUM = 1e-3


def expect(condition: bool, problem: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not condition:
        raise AssertionError(problem[:1].upper() + problem[1:] + ".")


def expect_nothing(answer: Answer, request: str) -> None:
    why = "" if answer.refusal is None else f" with the error: {answer.refusal.message}"
    expect(answer.result == {}, f"it answered {request}{why or ' with a result that is not {}'}")


def member(answer: Answer, member: str, names: Sequence[str]) -> Mapping[str, Any]:
    why = "" if answer.refusal is None else f": {answer.refusal.message}"
    expect(answer.refusal is None, f"it answered with an error{why}")
    result = answer.result or {}
    told = result.get(member)
    expect(set(result) == {member} and isinstance(told, dict), f"the result is not {member} alone")
    columns: Mapping[str, Any] = told if isinstance(told, dict) else {}
    expect(set(columns) == set(names), f"{member} are not for {', '.join(names)}")
    return columns


def predictions(answer: Answer, data: DataSet, rows: int) -> dict[str, list[Any]]:
    outputs = {item["name"]: item for item in data.schema["output"]}
    told = member(answer, "predictions", list(outputs))
    for name, declared in outputs.items():
        if declared["type"] != "category":
            numbers(name, told[name], rows)
            chances = declared["type"] == "boolean"
            expect(
                not chances or all(0 <= value <= 1 for value in told[name]),
                f"output {name!r} holds what is no probability",
            )
            continue
        expect(_is_list(told[name], rows), f"output {name!r} is not a list of {rows} lists")
        for chances in told[name]:
            numbers(name, chances, len(declared["values"]))
            right = all(value >= 0 for value in chances) and abs(math.fsum(chances) - 1) < SUM
            expect(right, f"output {name!r} has probabilities that do not sum to 1")
    return dict(told)


def _is_list(value: Any, count: int) -> bool:
    return isinstance(value, list) and len(value) == count


def numbers(name: str, value: Any, count: int) -> None:
    numbers = _is_list(value, count) and all(type(item) in {int, float} for item in value)
    expect(numbers, f"{name!r} is not a list of {count} numbers")


def same(left: Any, right: Any) -> bool:
    if isinstance(left, dict):
        return all(same(left[name], right[name]) for name in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    return math.isclose(left, right, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
