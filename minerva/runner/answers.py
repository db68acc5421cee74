"""What a runner may say, read strictly: one JSON object a line, nothing in it twice or unknown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NoReturn, cast

Code = Literal["invalid_data", "failed"]
CODES = ("invalid_data", "failed")
LONGEST_MESSAGE = 500


@dataclass(frozen=True)
class Refusal:
    """A runner's own error."""

    code: Code
    message: str


@dataclass(frozen=True)
class Answer:
    """The end of a request: a result or a refusal."""

    id: int
    result: dict[str, Any] | None
    refusal: Refusal | None


@dataclass(frozen=True)
class Step:
    """How far a training is, 0..1."""

    id: int
    fraction: float
    message: str


def read_line(line: bytes) -> Answer | Step:
    """Read one line. Raises ValueError that says what is wrong, never the content."""
    told = _object(line)
    number = told.pop("id", None)
    if type(number) is not int:
        raise ValueError("an answer without a whole number as `id`")
    match told:
        case {"result": dict(result), **rest} if not rest:
            return Answer(number, result, None)
        case {"error": dict(error), **rest} if not rest:
            return Answer(number, None, _refusal(error))
        case {"progress": fraction, **rest} if not rest.keys() - {"message"}:
            return Step(number, _fraction(fraction), _text(rest.get("message", "")))
        case _:
            raise ValueError("an answer with neither `result` nor `error`, or with something else")


def _object(line: bytes) -> dict[str, Any]:
    try:
        told = _STRICT.decode(line.decode())
    except UnicodeDecodeError as error:
        raise ValueError("a line that is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"a line that is not JSON ({error.msg}, column {error.colno})") from error
    except ValueError as error:
        long = str(error).startswith("Exceeds")  # Python's own limit of digits
        raise ValueError("a number of thousands of digits" if long else str(error)) from error
    except RecursionError as error:
        raise ValueError("a line that is nested too deep") from error
    if type(told) is not dict:
        raise ValueError("a line that is not a JSON object")
    return told


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("an object that has a member twice")
    return members


def _no_constant(_: str) -> NoReturn:
    raise ValueError("NaN or Infinity, which JSON does not have")


_STRICT = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_no_constant)


def _refusal(error: dict[str, Any]) -> Refusal:
    if error.keys() != {"code", "message"} or error["code"] not in CODES:
        raise ValueError("an error without `code` (invalid_data or failed) and `message` alone")
    return Refusal(cast("Code", error["code"]), _text(error["message"]))


def _fraction(value: Any) -> float:
    if type(value) not in {int, float} or not 0 <= value <= 1:
        raise ValueError("a progress that is no number from 0 to 1")
    return float(value)


def _text(value: Any) -> str:
    if type(value) is not str:
        raise ValueError("a message that is no text")
    plain = value[:LONGEST_MESSAGE].encode(errors="replace").decode()
    return "".join(c if c.isprintable() else " " for c in plain)
