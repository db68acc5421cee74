"""What tests of the schema share: one field alone, read as JSON and as a table."""

from collections.abc import Callable
from typing import Any

import pytest

from minerva.schema import Decoder, Schema


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
