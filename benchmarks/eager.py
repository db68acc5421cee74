"""A network of examples/tourism run by PyTorch, operator by operator, with the weights of its ONNX file.

It is asked as a session of ONNX Runtime is, so that a program need not know which of both it has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray


def installed() -> bool:
    """Tell whether PyTorch and ONNX are here: the extra `torch`, and `onnx` of `dev`."""
    return find_spec("torch") is not None and find_spec("onnx") is not None


class Eager:
    """A network, ready to run."""

    def __init__(self, path: Path) -> None:
        import onnx
        import torch
        from onnx import numpy_helper

        graph = onnx.load(path).graph
        self._given = [dim.dim_value for dim in graph.input[0].type.tensor_type.shape.dim]
        self._weights = {
            one.name: torch.from_numpy(numpy_helper.to_array(one).copy())
            for one in graph.initializer
        }
        self._nodes = [
            (node.op_type, list(node.input), node.output[0], _attributes(node))
            for node in graph.node
        ]

    def get_inputs(self) -> Sequence[Any]:
        """Return what tells the shape of its one input."""
        return [SimpleNamespace(name="image", shape=self._given)]

    def run(
        self, names: object, feed: Mapping[str, NDArray[np.float32]]
    ) -> list[NDArray[np.float32]]:
        """Return its one output."""
        import torch

        del names
        with torch.inference_mode():
            values = self._weights | {"image": torch.from_numpy(feed["image"])}
            for kind, inputs, output, attributes in self._nodes:
                values[output] = _done(kind, [values[name] for name in inputs], attributes)
        answer: NDArray[np.float32] = values["scene"].numpy()
        return [answer]


def _attributes(node: Any) -> dict[str, Any]:
    import onnx

    return {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}


def _done(kind: str, values: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    """Return what an operator makes; of those that the networks have, others pass what they are given."""
    from torch.nn import functional

    match kind:
        case "Conv":
            pad, stride = attributes["pads"][0], attributes["strides"][0]
            made = functional.conv2d(*values, stride=stride, padding=pad)
        case "MaxPool":
            size, pad = attributes["kernel_shape"][0], attributes["pads"][0]
            made = functional.max_pool2d(*values, size, attributes["strides"][0], pad)
        case "Gemm":
            given, weights, bias = values
            made = given @ weights + bias
        case "Relu":
            made = functional.relu(*values)
        case "Add":
            made = values[0] + values[1]
        case "GlobalAveragePool":
            made = values[0].mean(dim=(2, 3), keepdim=True)
        case "Flatten":
            made = values[0].flatten(1)
        case "Softmax":
            made = values[0].softmax(dim=1)
        case _:
            made = values[0]
    return made
