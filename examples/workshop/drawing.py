"""Draw what a camera below the roof of a workshop would see: six bays, cars, mechanics, changing light.

Run: python examples/workshop/drawing.py [FOLDER]
Nothing of it is filmed: seeds decide everything, so that it is known which bays hold a car, frame by frame.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from scene import BAYS, HEIGHT, WIDTH, Picture, Scene

HERE = Path(__file__).parent
FRAMES_PER_S = 4
CLIP_S = 15
LESSONS, CLIPS = range(100, 124), range(1, 4)
"""Seeds of the clips that the classifier learns from and is judged by, and of those that it never sees."""

Truth = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Frame:
    """A moment."""

    second: float
    """Since the clip began."""
    picture: Picture
    truth: Truth
    """Which of the six bays holds a car: at least half of the car stands in it."""


def main(folder: Path) -> None:
    """Write a video and its truth for each seed."""
    for name, seeds in (("lessons", LESSONS), ("clips", CLIPS)):
        for seed in seeds:
            write_clip(folder / name / f"{seed}.mp4", seed)
    print(f"Drew {len(LESSONS)} clips to learn from and {len(CLIPS)} to ask about, below {folder}.")


def write_clip(path: Path, seed: int, seconds: float = CLIP_S) -> None:
    """Write a clip, and beside it a CSV file that tells the truth about each frame."""
    frames = list(drawn(Scene(seed, seconds), 0, seconds))
    film(path, [frame.picture for frame in frames])
    with path.with_suffix(".csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["second", *BAYS])
        rows.writerows([frame.second, *frame.truth.astype(int).tolist()] for frame in frames)


def drawn(scene: Scene, start: float, seconds: float) -> Iterator[Frame]:
    """Yield the frames of some seconds of a scene."""
    for number in range(round(seconds * FRAMES_PER_S)):
        second = number / FRAMES_PER_S
        yield Frame(second, scene.picture(start + second), scene.truth(start + second))


def film(path: Path, pictures: list[Picture]) -> None:
    """Write pictures as an MPEG-4 video."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=FRAMES_PER_S)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.bit_rate = 800_000
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "data")
