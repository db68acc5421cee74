"""Make the table that the service `bay` learns from: what the flow's own steps measure, and the truth.

Run: python examples/workshop/lessons.py [FOLDER]
Draw the clips first: python examples/workshop/drawing.py
"""

from __future__ import annotations

import csv
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import yaml

from minerva import Field, FieldType, Items, Spread, Step, StepContext
from minerva.adapters.steps.frames import Frames

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Folder:
    """A volume for files that are not kept."""

    shared: Path

    def write(self, name: str, content: bytes) -> str:
        """Keep a file."""
        (self.shared / name).write_bytes(content)
        return name

    def path(self, name: str) -> Path:
        """Return where it is."""
        return self.shared / name


@dataclass(frozen=True)
class Measuring:
    """The flow's first two steps, with the parameters that they have there."""

    workspace: Path
    declared: dict[str, Any]
    volume: Folder

    def bays(self, clip: str) -> list[dict[str, Any]]:
        """Return a row for each bay of each frame of a clip, with its second."""
        from bays import Bays

        video = np.array([clip], dtype=object)
        of_clip = Items.single({"video": Field(type=FieldType.TEXT)}, {"video": video}, 1)
        frames = self._run(Frames(), of_clip, "frames", below="data/lessons")
        files = {"file": frames.columns["file"]}
        of_frames = Items.single({"file": Field(type=FieldType.TEXT)}, files, len(frames.of))
        made = self._run(Bays(), of_frames, "bays")
        seconds = frames.columns["second"][made.of]
        columns = {"second": seconds, **made.columns}
        names = list(columns)
        return [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def _run(self, step: Step, items: Items, name: str, **other: Any) -> Spread:
        given = self.declared[name]["parameters"] | other
        parameters = msgspec.convert(given, step.Parameters)
        fields = step.outputs(items.fields, parameters)
        made = step.run(items, StepContext(parameters, fields, self.workspace, self.volume))
        assert isinstance(made, Spread)  # noqa: S101 - both spread
        return made


def main(workspace: Path) -> None:
    """Write data/bays.csv below the workspace, in the order of the clips."""
    sys.path.append(str(HERE / "plugins"))
    from bays import NUMBERS

    flow = yaml.safe_load((HERE / "flows" / "workshop.yaml").read_text())
    with tempfile.TemporaryDirectory() as folder:
        measuring = Measuring(workspace, flow["parameters"]["steps"], Folder(Path(folder)))
        rows = [
            {"lesson": clip.stem, **_told(row, _truth(clip))}
            for clip in sorted((workspace / "data" / "lessons").glob("*.mp4"))
            for row in measuring.bays(clip.name)
        ]
    with (workspace / "data" / "bays.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["lesson", *NUMBERS, "state"])
        writer.writeheader()
        writer.writerows(rows)
    print(f"Measured {len(rows)} bays.")


def _truth(clip: Path) -> dict[float, list[str]]:
    """Return for each second of a clip what each bay holds."""
    with clip.with_suffix(".csv").open() as file:
        return {
            float(second): ["car" if one == "1" else "empty" for one in bays]
            for second, *bays in list(csv.reader(file))[1:]
        }


def _told(row: dict[str, Any], truth: dict[float, list[str]]) -> dict[str, Any]:
    state = truth[row["second"]][row["bay"]]
    numbers = {
        name: round(value, 4) for name, value in row.items() if name not in {"second", "bay"}
    }
    return {**numbers, "state": state}


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
