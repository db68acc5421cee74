"""A camera that films the drawn workshop, a few seconds at a time, and has the flow look at them.

Run: python examples/workshop/camera.py [--rounds 5]
The sidecar must be up in this workspace (`minerva up`), with the service `bay` trained.
"""

from __future__ import annotations

import argparse
import time
from datetime import UTC, datetime
from pathlib import Path

from drawing import drawn, film
from scene import Scene

from minerva.client import Client

HERE = Path(__file__).parent
HOUR_S = 3600
PERIOD_S = 5
KEPT = 24
"""Clips of the camera that stay; the live page shows the newest one."""


def main() -> None:
    """Film until the hour is over, or so many rounds."""
    options = _options()
    scene = Scene(options.seed, HOUR_S)
    key = (HERE / ".minerva" / "admin.key").read_text(encoding="utf-8").strip()
    began = time.time()
    with Client(options.sidecar, key) as client:
        for number in range(options.rounds or HOUR_S // PERIOD_S):
            time.sleep(max(0.0, began + number * PERIOD_S - time.time()))
            record = filmed(HERE / "data" / "clips", scene, number)
            answer = client.predict("workshop", records=[record])
            print(f"{record['clip']}: {answer['predictions'][0]['cars']} cars", flush=True)


def filmed(folder: Path, scene: Scene, number: int) -> dict[str, str]:
    """Film the next seconds, forget old ones, and return what the flow is asked."""
    at = datetime.now(UTC)
    name = f"camera-{number:05d}.mp4"
    frames = drawn(scene, number * PERIOD_S, PERIOD_S)
    film(folder / name, [frame.picture for frame in frames])
    for old in sorted(folder.glob("camera-*.mp4"))[:-KEPT]:
        old.unlink()
    return {"clip": name, "at": at.isoformat(timespec="seconds").replace("+00:00", "Z")}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sidecar", default="http://127.0.0.1:8080", help="where it listens")
    parser.add_argument("--rounds", type=int, default=0, help="clips; without it: an hour")
    parser.add_argument("--seed", type=int, default=2026, help="of the scene")
    return parser.parse_args()


if __name__ == "__main__":
    main()
