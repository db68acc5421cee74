"""The recommendation as one program, without flow or services: one photo after the other, then the rest.

Run: python examples/tourism/monolith.py ALBUM [NETWORK]
What somebody writes who knows Pillow and ONNX Runtime and takes their defaults; the measure of
benchmarks/table1.py, and the proof that the flow answers the same.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

HERE = Path(__file__).parent
CLASSES = ("landscape", "adventure", "historical", "urban", "shopping")
PEAKS = (0.05, 0.4, 0.9)
CENTRES = (0.0, 0.5, 1.0)
SHARPNESS = 12.0


def main(album: Path, network: Path) -> None:
    """Print the profile and the best five places."""
    profile = fuzzified(classified(album, opened(network)))
    ranking = ranked(profile, places(HERE / "places.csv"))
    best = sorted(ranking, key=lambda name: -ranking[name])[:5]
    print(json.dumps({"profile": profile, "places": {name: ranking[name] for name in best}}))


def opened(network: Path) -> Any:
    """Return the network, as ONNX Runtime runs it by itself: on all cores."""
    import onnxruntime

    return onnxruntime.InferenceSession(str(network), providers=["CPUExecutionProvider"])


def classified(album: Path, network: Any, *, cheaply: bool = False) -> dict[str, list[float]]:
    """Return photo → the confidence of each class, in the order of the files' names.

    `cheaply` asks the decoder for a fraction of the size; few know that it can.
    """
    side = network.get_inputs()[0].shape[-1]
    confidences = {}
    for path in sorted(album.glob("*.jpg")):
        with Image.open(path) as photo:
            if cheaply:
                photo.draft("RGB", (2 * side, 2 * side))
            small = photo.convert("RGB").resize((side, side), Image.Resampling.BICUBIC)
        pixels = np.asarray(small, dtype=np.float32).transpose(2, 0, 1)[np.newaxis] / 255
        (told,) = network.run(None, {"image": pixels})
        confidences[path.name] = told[0].tolist()
    return confidences


def fuzzified(confidences: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Return class → interest, 0 to 1."""
    totals = dict.fromkeys(CLASSES, 0.0)
    for told in confidences.values():
        for name, confidence in zip(CLASSES, told, strict=True):
            totals[name] += _interest(confidence)
    return {name: total / max(1, len(confidences)) for name, total in totals.items()}


def _interest(confidence: float) -> float:
    """Return the mean of the centres of low, medium and high, weighted by the degrees in these sets."""
    low, medium, high = PEAKS
    if confidence <= low:
        return CENTRES[0]
    if confidence >= high:
        return CENTRES[2]
    if confidence <= medium:
        degree = (confidence - low) / (medium - low)
        return (1 - degree) * CENTRES[0] + degree * CENTRES[1]
    degree = (confidence - medium) / (high - medium)
    return (1 - degree) * CENTRES[1] + degree * CENTRES[2]


def places(path: Path) -> dict[str, NDArray[np.float64]]:
    """Return place → its weights."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        return {row["place"]: np.array([float(row[name]) for name in CLASSES]) for row in rows}


def ranked(
    profile: Mapping[str, float], weights: Mapping[str, NDArray[np.float64]]
) -> dict[str, float]:
    """Return place → score; all scores add up to 1."""
    wanted = np.array([profile[name] for name in CLASSES])
    length = max(float(np.linalg.norm(wanted)), 1e-9)
    scores = {
        name: float(np.exp(SHARPNESS * (wanted @ own) / length / np.linalg.norm(own)))
        for name, own in weights.items()
    }
    return {name: score / sum(scores.values()) for name, score in scores.items()}


if __name__ == "__main__":
    main(
        Path(sys.argv[1]),
        Path(sys.argv[2]) if len(sys.argv) > 2 else HERE / "models" / "scenes.onnx",  # noqa: PLR2004 - the network is the second argument
    )
