"""Draw the albums of some users: folders of JPEG files, drawn by a program, no photographs.

Run: python examples/tourism/albums.py [FOLDER]
Each user has a taste: how often the photos show what. The same user has the same album every time.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from scenery.scenes import SCENES, scene

HERE = Path(__file__).parent
PHOTOS, SIZE, QUALITY = 24, (1200, 800), 88
TASTES: Mapping[str, Mapping[str, float]] = {
    "ada": {"landscape": 0.7, "adventure": 0.2, "historical": 0.1},
    "ben": {"adventure": 0.8, "landscape": 0.2},
    "cleo": {"historical": 0.7, "urban": 0.15, "landscape": 0.15},
    "dan": {"urban": 0.6, "shopping": 0.3, "historical": 0.1},
    "eva": {"shopping": 0.75, "urban": 0.25},
    "finn": {"landscape": 0.2, "adventure": 0.2, "historical": 0.2, "urban": 0.2, "shopping": 0.2},
}
"""User → class → share of the photos."""


def main(folder: Path) -> None:
    """Draw everybody's album."""
    for user, taste in TASTES.items():
        names = draw(folder / user, user, taste)
        print(f"{user}: {len(names)} drawn scenes")


def draw(
    folder: Path,
    user: str,
    taste: Mapping[str, float],
    photos: int = PHOTOS,
    size: tuple[int, int] = SIZE,
) -> dict[str, str]:
    """Write an album, `size` in pixels, and return the class of each file."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(zlib.crc32(user.encode()))
    chances = [taste.get(name, 0) for name in SCENES]
    kinds = random.choice(list(SCENES), photos, p=chances).tolist()
    names = [f"photo-{number:02}.jpg" for number in range(1, photos + 1)]
    for name, kind in zip(names, kinds, strict=True):
        scene(kind, *size, random).save(folder / name, quality=QUALITY)
    return dict(zip(names, kinds, strict=True))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "data" / "albums")
