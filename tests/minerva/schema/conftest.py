"""What tests of the schema share: one field alone, read as JSON and as a table."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from minerva.schema import Decoder, Schema
from minerva.schema.table import TableReader


def schema_of(field: dict[str, Any], **more: Any) -> Schema:
    """Return a schema with the one input `x` and a number as output."""
    return Schema.parse({"inputs": {"x": field}, "output": {"y": {"type": "number"}}, **more})


@pytest.fixture
def schema() -> Callable[..., Schema]:
    """Make a schema with the one input `x`."""
    return schema_of


@pytest.fixture
def decoder() -> Callable[..., Decoder]:
    """Make the decoder of a schema with the one input `x`."""
    return lambda field, **more: Decoder(schema_of(field, **more))


@pytest.fixture
def read(schema):
    """Read a column of cells by a field; missing is told as None."""

    def column(field, cells, dtype=object, decimal="."):
        frame = pd.DataFrame({"x": pd.Series(cells, dtype=dtype)})
        batch = TableReader(schema(field), decimal).batch(frame)
        return [record["x"] for record in batch.to_records()]

    return column
