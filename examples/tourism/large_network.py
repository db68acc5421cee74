"""Build models/scenes-large.onnx: a network of ResNet-18's shape, for compute as real networks take it.

Run: python examples/tourism/large_network.py [FILE]
11.2 million weights, 45 MB, hence not committed; needs onnx; a minute on two cores. Its convolutions
are chance, the same every time (no photographs were ever shown to it). Only its last layer is fitted, to
drawn scenes, so that its answers mean something; the small network's are better.
Shape: He, Zhang, Ren and Sun 2015, "Deep residual learning for image recognition", table 1, 18 layers,
with as many classes as there are scenes in place of 1,000.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scenery.networks import Graph, Weights
from scenery.scenes import SCENES, drawn

HERE = Path(__file__).parent
SIDE = 224
STAGES = (64, 128, 256, 512)
FITTED, HELD_OUT = 1200, 400
PENALTY = 30.0
TEMPERATURE = 0.15
"""By how much the linear fit to 0 and 1 is divided before it goes through softmax."""
AT_ONCE = 8


def main(path: Path) -> None:
    """Build the network, fit its last layer and print the accuracy on other scenes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    width = STAGES[-1]
    build(path, np.eye(width, dtype=np.float32), np.zeros(width, np.float32), softmax=False)
    pictures, kinds = drawn(FITTED, SIDE, seed=3)
    build(path, *fitted(answers(path, pictures), kinds))
    pictures, kinds = drawn(HELD_OUT, SIDE, seed=4)
    right = answers(path, pictures).argmax(axis=1) == kinds
    print(f"{path.name}: {path.stat().st_size / 1e6:.0f} MB, accuracy {right.mean():.3f}")


def build(path: Path, weights: Weights, bias: Weights, *, softmax: bool = True) -> None:
    """Write the network with this last layer, weights of shape (512, classes)."""
    graph, random = Graph(SIDE), np.random.default_rng(0)
    flow = graph.convolution("image", *_kernel(random, 3, 64, 7), stride=2)
    flow = graph.pooled(graph.rectified(flow), 3, 1)
    before = STAGES[0]
    for after in STAGES:
        for block in range(2):
            flow = _block(graph, random, flow, before, after, halved=block == 0 and after != 64)  # noqa: PLR2004 - the first stage keeps the size
            before = after
    mean = graph.averaged(flow)
    last = graph.probabilities(mean, weights, bias) if softmax else mean
    graph.save(path, last, weights.shape[1])


def _block(
    graph: Graph,
    random: np.random.Generator,
    flow: str,
    before: int,
    after: int,
    *,
    halved: bool,
) -> str:
    """Add two convolutions beside a short cut, which is a convolution too where the shape changes."""
    stride = 2 if halved else 1
    inner = graph.rectified(graph.convolution(flow, *_kernel(random, before, after, 3), stride))
    inner = graph.convolution(inner, *_kernel(random, after, after, 3, gain=0.5))
    if halved:
        flow = graph.convolution(flow, *_kernel(random, before, after, 1), stride)
    return graph.rectified(graph.added(inner, flow))


def _kernel(
    random: np.random.Generator, before: int, after: int, size: int, gain: float = 2.0
) -> tuple[Weights, Weights]:
    """Return weights whose answers vary as much as their inputs, and no bias."""
    spread = np.sqrt(gain / (before * size * size))
    weights = random.normal(0, spread, (after, before, size, size)).astype(np.float32)
    return weights, np.zeros(after, np.float32)


def fitted(means: NDArray[np.float32], kinds: NDArray[np.int64]) -> tuple[Weights, Weights]:
    """Return the last layer, by ridge regression of 0 and 1 on standardised means of channels."""
    centre, scale = means.mean(axis=0), means.std(axis=0) + 1e-6
    known = (means - centre) / scale
    truth = np.eye(len(SCENES))[kinds]
    squares = known.T @ known + PENALTY * np.eye(known.shape[1])
    weights = np.linalg.solve(squares, known.T @ (truth - truth.mean(axis=0))) / TEMPERATURE
    weights = weights / scale[:, np.newaxis]
    bias = truth.mean(axis=0) / TEMPERATURE - centre @ weights
    return weights.astype(np.float32), bias.astype(np.float32)


def answers(path: Path, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return what a network answers to pictures of shape (n, side, side, 3)."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    given = pictures.transpose(0, 3, 1, 2)
    told = [
        session.run(None, {"image": given[start : start + AT_ONCE].astype(np.float32) / 255})[0]
        for start in range(0, len(given), AT_ONCE)
    ]
    return np.concatenate(told)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "models" / "scenes-large.onnx")
