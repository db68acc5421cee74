"""PyTorch and ONNX Runtime answer alike when they run the same network."""

import runpy
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from large_network import build

ROOT = Path(__file__).parents[2]
CLASSES = 5


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """The large network, its last layer by chance."""
    path = tmp_path_factory.mktemp("network") / "large.onnx"
    weights = np.random.default_rng(0).normal(0, 0.1, (512, CLASSES)).astype(np.float32)
    build(path, weights, np.zeros(CLASSES, np.float32))
    return path


def test_a_network_answers_the_same(large):
    eager = runpy.run_path(str(ROOT / "benchmarks" / "eager.py"))["Eager"]
    random = np.random.default_rng(1)

    for path in (ROOT / "examples" / "tourism" / "models" / "scenes.onnx", large):
        network = eager(path)
        side = network.get_inputs()[0].shape[-1]
        pictures = random.random((2, 3, side, side), dtype=np.float32)
        (told,) = network.run(None, {"image": pictures})
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        (expected,) = session.run(None, {"image": pictures})
        assert told == pytest.approx(expected, abs=1e-4)
