"""Two tiny made-up services that ask everything of a runner: every type, gaps, names beyond ASCII."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROWS = 120
FIRST_MOMENT = 1_700_000_000
GAP = 0.1
_INPUTS: list[dict[str, Any]] = [
    {"name": "größe (m²)", "type": "number", "minimum": 0, "unit": "m²", "nullable": True},
    {"name": "floor", "type": "integer", "nullable": True},
    {"name": "lift", "type": "boolean", "nullable": True},
    {"name": "district", "type": "category", "values": ["north", "süd", 'the \\ "old" town'],
     "nullable": True},
    {"name": "rating", "type": "category", "values": [1, 2, 3], "nullable": True},
    {"name": "built", "type": "timestamp", "nullable": True},
    {"name": "remark", "type": "text", "nullable": True},
]  # fmt: skip


@dataclass(frozen=True)
class DataSet:
    """A schema and records to learn from."""

    name: str
    schema: Mapping[str, Any]
    records: list[dict[str, Any]]

    def write(self, file: Path, rows: int | None = None) -> None:
        """Write the training file; only its first `rows` records if given."""
        lines = [json.dumps(record, ensure_ascii=False) + "\n" for record in self.records[:rows]]
        file.write_text("".join(lines), encoding="utf-8")

    def columns(self, rows: int) -> dict[str, list[Any]]:
        """Return the inputs of `rows` records, from the first again when there are no more."""
        chosen = [self.records[i % len(self.records)]["inputs"] for i in range(rows)]
        return {field["name"]: [row[field["name"]] for row in chosen] for field in _INPUTS}

    @staticmethod
    def gaps(rows: int) -> dict[str, list[Any]]:
        """Return records in which everything is missing."""
        return {field["name"]: [None] * rows for field in _INPUTS}


def classification() -> DataSet:
    """Return three classes that depend on size and district."""
    output = {"name": "demand", "type": "category", "values": ["low", "high", "très haut"]}
    return _made("classification", [output], lambda quality: {"demand": _class(quality)})


def regression() -> DataSet:
    """Return a number, a whole number and a boolean, which depend on size and district."""
    outputs = [
        {"name": "rent", "type": "number", "unit": "EUR"},
        {"name": "viewings", "type": "integer"},
        {"name": "let", "type": "boolean"},
    ]

    def truth(quality: float) -> dict[str, Any]:
        return {"rent": 10 * quality, "viewings": int(quality) % 7, "let": quality > 90}

    return _made("regression", outputs, truth)


def _class(quality: float) -> str:
    return "low" if quality < 60 else "high" if quality < 110 else "très haut"


def _made(name: str, outputs: list[dict[str, Any]], truth: Any) -> DataSet:
    chance = random.Random(name)  # noqa: S311 - the same every time is the point
    records = [_record(chance, truth) for _ in range(ROWS)]
    return DataSet(name, {"inputs": _INPUTS, "output": outputs}, records)


def _record(chance: random.Random, truth: Any) -> dict[str, Any]:
    size, district = round(chance.uniform(20, 150), 2), chance.randrange(3)
    values = [
        size,
        chance.randint(-1, 9),
        chance.random() < 0.5,
        _INPUTS[3]["values"][district],
        chance.choice(_INPUTS[4]["values"]),
        FIRST_MOMENT + chance.randrange(10_000_000) + 0.5,
        'quiet \N{HOUSE BUILDING}, \\ "sunny"',
    ]
    inputs = {
        field["name"]: None if chance.random() < GAP else value
        for field, value in zip(_INPUTS, values, strict=True)
    }
    return {"inputs": inputs, "output": truth(size + 10 * district)}
