"""One scene of a class, or many of all classes, the same for the same seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scenery.buildings import historical, shopping, urban
from scenery.canvas import Canvas
from scenery.nature import adventure, landscape

SCENES: Mapping[str, Callable[[Canvas], None]] = {
    "landscape": landscape,
    "adventure": adventure,
    "historical": historical,
    "urban": urban,
    "shopping": shopping,
}
"""Class → what draws it, in the order of the networks' outputs."""


def scene(kind: str, width: int, height: int, random: np.random.Generator) -> Image.Image:
    """Return a drawn scene."""
    canvas = Canvas(width, height, random)
    SCENES[kind](canvas)
    return canvas.taken()


def shrunk(image: Image.Image, side: int) -> NDArray[np.uint8]:
    """Return a picture as a network wants it, shape (side, side, 3)."""
    return np.asarray(image.resize((side, side), Image.Resampling.BICUBIC))


def drawn(count: int, side: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return pictures of shape (count, side, side, 3) and their classes' indices, in turn."""
    random = np.random.default_rng(seed)
    names = list(SCENES)
    kinds = np.arange(count) % len(names)
    large = max(192, side * 3 // 2)
    pictures = [shrunk(scene(names[kind], large, large * 2 // 3, random), side) for kind in kinds]
    return np.stack(pictures), kinds
