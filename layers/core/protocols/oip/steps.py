"""A flow's step in the Open Inference Protocol: its items are tensors of shape [n].

Parameters of the request: `run`, whose files the step may see; for a step that gathers also `of`, which
record each item belongs to, and `records`, how many there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minerva.errors import Fault, InvalidBody, InvalidInput
from minerva.layers.core.protocols.oip.tensor import Tensor, misfit, parameters_of, read_tensors
from minerva.schema import Decoder, Field, FieldType, Schema
from minerva.spelling import doubt
from minerva.step import Fields, Items


@dataclass(frozen=True, eq=False)
class SentItems:
    """What is asked of a step."""

    items: Items
    run: str | None


def read_items(sent: Any, tail: memoryview, fields: Fields, most_rows: int) -> SentItems:
    """Return the items of a request. Raises InvalidBody, InvalidInput, TooLarge."""
    if type(sent) is not dict:
        raise InvalidBody(
            "The body is not a JSON object.", faults=[Fault("", "expected an object")]
        )
    parameters = parameters_of(sent, "")
    run = parameters.get("run")
    if run is not None and type(run) is not str:
        raise misfit("/parameters/run", "expected text")
    tensors = read_tensors(sent.get("inputs"), tail, most_rows)
    columns = _columns(tensors, fields)
    rows = len(next(iter(columns.values()), ()))
    of, records = _groups(parameters, rows)
    return SentItems(Items(fields, columns, of, records), run)


def _columns(tensors: list[Tensor], fields: Fields) -> dict[str, NDArray[Any]]:
    known = {tensor.name: tensor for tensor in tensors}
    for tensor in tensors:
        if tensor.name not in fields:
            said = doubt(tensor.name, fields, f"there are {', '.join(fields)}")
            raise misfit(f"{tensor.where}/name", f"is no input of this step{said}")
    missing = [Fault("/inputs", f"lacks {name!r}") for name in fields if name not in known]
    if missing:
        raise InvalidInput("The step needs more than that.", faults=missing)
    schema = Schema(dict(fields), {"made": Field(type=FieldType.NUMBER)})
    sent = {name: known[name].values.reshape(-1) for name in fields}

    def where(name: str, row: int | None) -> str:
        tensor = known[name]
        return f"{tensor.where}/name" if row is None else tensor.place(row)

    return dict(Decoder(schema).columns(sent, where).columns)


def _groups(parameters: dict[str, Any], rows: int) -> tuple[NDArray[np.intp], int]:
    of, records = parameters.get("of"), parameters.get("records")
    if of is None and records is None:
        return np.arange(rows), rows
    good = (
        isinstance(of, list)
        and type(records) is int
        and len(of) == rows
        and all(type(one) is int for one in of)
        and all(0 <= one < records for one in of)
        and of == sorted(of)
    )
    if not good or not isinstance(of, list) or not isinstance(records, int):
        raise misfit(
            "/parameters/of", f"expected {rows} positions of `records` records, never decreasing"
        )
    return np.array(of, dtype=np.intp), records
