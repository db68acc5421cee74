"""What a server and a model tell of themselves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minerva.layers.core.protocols.oip.datatypes import BYTES
from minerva.layers.core.protocols.oip.outputs import DATATYPES, Shape, described
from minerva.schema import Schema

EXTENSIONS = ("binary_tensor_data", "model_repository", "statistics")


def server_metadata(version: str) -> dict[str, Any]:
    """Return what the server is."""
    return {"name": "minerva", "version": version, "extensions": list(EXTENSIONS)}


def model_metadata(
    name: str, platform: str, versions: Iterable[int], schema: Schema
) -> dict[str, Any]:
    """Return what a service takes and gives: one tensor for each field, the key first.

    `versions` are those that may be asked for by number.
    """
    inputs: dict[str, tuple[str, Shape]] = {}
    if schema.key is not None:
        inputs[schema.key] = (BYTES, (-1,))
    inputs |= {field: (DATATYPES[one.type], (-1,)) for field, one in schema.inputs.items()}
    return {
        "name": name,
        "versions": [str(number) for number in sorted(versions)],
        "platform": f"minerva_{platform}",
        "inputs": _tensors(inputs),
        "outputs": _tensors(described(schema)),
    }


def _tensors(told: dict[str, tuple[str, Shape]]) -> list[dict[str, Any]]:
    return [
        {"name": name, "datatype": datatype, "shape": shape}
        for name, (datatype, shape) in told.items()
    ]
