"""Convolutional networks as ONNX graphs, built node by node from arrays of weights.

Every network takes `image`, shape (n, 3, side, side), red, green and blue from 0 to 1, and answers
`scene`, shape (n, classes), probabilities. Building needs the package `onnx`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET, IR = 17, 9
"""What ONNX Runtime reads since 1.14."""
Weights = NDArray[np.float32]


class Graph:
    """A network that grows node by node; each call returns the name of what the node makes."""

    def __init__(self, side: int) -> None:
        self.side = side
        self._nodes: list[Any] = []
        self._weights: list[Any] = []

    def convolution(self, given: str, weights: Weights, bias: Weights, stride: int = 1) -> str:
        """Slide a kernel, shape (out, in, k, k), over its input; the edges are padded."""
        names = self._constant(weights), self._constant(bias)
        pad = [weights.shape[-1] // 2] * 4
        return self._node("Conv", given, *names, pads=pad, strides=[stride, stride])

    def rectified(self, given: str) -> str:
        """Make what is negative zero."""
        return self._node("Relu", given)

    def pooled(self, given: str, size: int = 2, pad: int = 0) -> str:
        """Keep the largest of each square; half the size goes on."""
        return self._node(
            "MaxPool", given, kernel_shape=[size, size], strides=[2, 2], pads=[pad] * 4
        )

    def added(self, one: str, other: str) -> str:
        """Add two of the same shape."""
        return self._node("Add", one, other)

    def averaged(self, given: str) -> str:
        """Return the mean of each channel, shape (n, channels)."""
        return self._node("Flatten", self._node("GlobalAveragePool", given))

    def probabilities(self, given: str, weights: Weights, bias: Weights) -> str:
        """Weigh the channels, weights of shape (channels, classes), and make them add up to 1."""
        told = self._node("Gemm", given, self._constant(weights), self._constant(bias))
        return self._node("Softmax", told, axis=1)

    def save(self, path: Path, answer: str, width: int) -> None:
        """Write the graph whose answer, shape (n, width), is called `scene`."""
        shapes: dict[str, list[str | int | None]] = {
            "image": ["n", 3, self.side, self.side],
            "scene": ["n", width],
        }
        image, scene = (
            helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name, shape in shapes.items()
        )
        named = helper.make_node("Identity", [answer], ["scene"])
        graph = helper.make_graph(
            [*self._nodes, named], "scenes", [image], [scene], initializer=self._weights
        )
        opsets = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR)
        onnx.checker.check_model(model)
        path.write_bytes(model.SerializeToString(deterministic=True))

    def _constant(self, array: Weights) -> str:
        name = f"w{len(self._weights)}"
        self._weights.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def _node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        name = f"n{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name
