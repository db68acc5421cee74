"""Learn the small network, models/scenes.onnx, from drawn scenes, and tell how well it does on others.

Run: python examples/tourism/learn_scenes.py [FILE]
Needs torch (2.13.0 made the file that is committed) and onnx; half a minute on two cores.
"""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scenery.networks import Graph
from scenery.scenes import SCENES, drawn
from torch import nn

HERE = Path(__file__).parent
SIDE = 32
CHANNELS = (3, 16, 32, 64, 64)
SCENES_LEARNT, SCENES_HELD_OUT = 12_000, 2_000
EPOCHS, BATCH, RATE = 24, 64, 0.004


def main(path: Path) -> None:
    """Learn, write the file and print the accuracy on scenes that were not learnt from."""
    torch.manual_seed(0)
    path.parent.mkdir(parents=True, exist_ok=True)
    network = learnt(*drawn(SCENES_LEARNT, SIDE, seed=1))
    saved(network, path)
    pictures, kinds = drawn(SCENES_HELD_OUT, SIDE, seed=2)
    with torch.no_grad():
        answers = network(tensor(pictures)).argmax(dim=1).numpy()
    right = answers == kinds
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB, accuracy {right.mean():.3f}")
    for index, name in enumerate(SCENES):
        print(f"  {name:12}{right[kinds == index].mean():.3f}")


def tensor(pictures: NDArray[np.uint8]) -> Any:
    """Return pictures, shape (n, side, side, 3), as the network takes them: (n, 3, side, side)."""
    return torch.from_numpy(pictures.transpose(0, 3, 1, 2).astype(np.float32) / 255)


def learnt(pictures: NDArray[np.uint8], kinds: NDArray[np.int64]) -> Any:
    """Return a network that has learnt from these."""
    network, given, truth = untaught(), tensor(pictures), torch.from_numpy(kinds)
    steps = EPOCHS * (len(given) // BATCH)
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.05)
    network.train()
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(given))[: steps // EPOCHS * BATCH].split(BATCH):
            images = given[rows].flip(3) if torch.rand(1) < 0.5 else given[rows]  # noqa: PLR2004 - every other time in a mirror
            optimiser.zero_grad()
            loss_of(network(images), truth[rows]).backward()
            optimiser.step()
            schedule.step()
    return network.eval()


def untaught() -> Any:
    """Return the network: convolutions, each normalised and halved in size, then a mean and a layer."""
    layers: list[Any] = []
    for before, after in pairwise(CHANNELS):
        layers += [nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU()]
        layers += [nn.MaxPool2d(2)] if after != before else []
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(CHANNELS[-1], len(SCENES))]
    return nn.Sequential(*layers)


def saved(network: Any, path: Path) -> None:
    """Write the network as ONNX, the normalisation folded into the convolutions."""
    graph = Graph(SIDE)
    flow = "image"
    layers = list(network)
    for place, layer in enumerate(layers):
        if isinstance(layer, nn.Conv2d):
            flow = graph.convolution(flow, *folded(layer, layers[place + 1]))
        elif isinstance(layer, nn.ReLU):
            flow = graph.rectified(flow)
        elif isinstance(layer, nn.MaxPool2d):
            flow = graph.pooled(flow)
    last = layers[-1]
    weights, bias = last.weight.detach().numpy().T, last.bias.detach().numpy()
    answer = graph.probabilities(graph.averaged(flow), weights, bias)
    graph.save(path, answer, len(SCENES))


def folded(convolution: Any, norm: Any) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return weights and bias of a convolution that does what both layers do."""
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    weights = convolution.weight * scale[:, None, None, None]
    bias = (convolution.bias - norm.running_mean) * scale + norm.bias
    return weights.detach().numpy(), bias.detach().numpy()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "models" / "scenes.onnx")
