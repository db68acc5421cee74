"""A flow and its runs as plain values: what people, pages and programs are shown."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from minerva.layers.abstraction.flows.declaration import Elsewhere
from minerva.layers.abstraction.flows.graph import Graph, Node
from minerva.layers.abstraction.flows.levels import RECORDS
from minerva.layers.abstraction.flows.model import Run
from minerva.layers.abstraction.flows.rows import Rows, State
from minerva.layers.abstraction.flows.sources import FLOW
from minerva.schema import Field, FieldType
from minerva.schema.batch import Column, iso

LONGEST = 120
"""Characters of a text that are shown: images are texts too."""


def described(name: str, graph: Graph) -> dict[str, Any]:
    """Return a flow's steps in the order in which they can run, and what it answers."""
    return {
        "service": name,
        "inputs": {one: field.type.value for one, field in graph.schema.inputs.items()},
        "steps": [_step(node) for node in graph.nodes],
        "answer": {output: str(source) for output, source in graph.answer.items()},
    }


def shown(run: Run, graph: Graph, only: Collection[str] | None = None) -> dict[str, Any]:
    """Return what each step of a run made, row by row; of some steps, or of all that have ended.

    `row` counts the rows that a step of shape `spread` made: what steps made of one has the same.
    """
    return {
        node.name: _rows(node, run.state)
        for node in graph.nodes
        if node.name in run.state.made and (only is None or node.name in only)
    }


def _step(node: Node) -> dict[str, Any]:
    declared = node.declared
    where = declared.where.url if isinstance(declared.where, Elsewhere) else declared.where
    return {
        "name": node.name,
        "role": declared.role,
        "kind": declared.kind,
        "where": where,
        "shape": node.making.shape,
        "learns": node.making.learns,
        "each": declared.each,
        "when": declared.when,
        "needs": sorted(node.needs),
        "inputs": {name: str(source) for name, source in node.wires.items()},
        "from_flow": any(source.step == FLOW for source in node.wires.values()),
        "makes": {name: field.type.value for name, field in node.made.items()},
    }


def _rows(node: Node, state: State) -> list[dict[str, Any]]:
    made = state.made[node.name]
    records = state.places(node.level, RECORDS)
    plain = {name: _plain(made, name, field) for name, field in node.made.items()}
    return [
        {
            "record": int(records[row]),
            **({} if node.level == RECORDS else {"row": row}),
            **{name: values[row] for name, values in plain.items()},
        }
        for row in range(len(records))
        if made.there[row]
    ]


def _plain(made: Rows, name: str, field: Field) -> list[Any]:
    column: Column = made.columns[name]
    match field.type:
        case FieldType.CATEGORY:
            return [None if code < 0 else field.values[code] for code in column.tolist()]
        case FieldType.TEXT:
            return [one if one is None else _short(str(one)) for one in column]
        case _:
            return [None if one != one else _told(one, field) for one in column.tolist()]  # noqa: PLR0124 - NaN is the one value that differs from itself


def _told(value: float, field: Field) -> Any:
    match field.type:
        case FieldType.INTEGER:
            return int(value)
        case FieldType.BOOLEAN:
            return bool(value)
        case FieldType.TIMESTAMP:
            return iso(value)
        case _:
            return value


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
