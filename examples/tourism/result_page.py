"""Ask the flow for a user, and write what it says as one HTML page that needs nothing else.

Run: python examples/tourism/result_page.py USER [FILE] [FLOW]
The sidecar of this workspace must be up (`minerva up` in examples/tourism); MINERVA_URL says where, if
not on port 8080.
"""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scenery.page import Photo, Place, page
from scenery.scenes import SCENES

from minerva.client import Client
from minerva.errors import MinervaError

HERE = Path(__file__).parent


def main(user: str, file: Path, flow: str) -> None:
    """Write the page."""
    url = os.environ.get("MINERVA_URL", "http://127.0.0.1:8080")
    try:
        with Client(url, (HERE / ".minerva" / "admin.key").read_text().strip()) as client:
            records = [{"user": user, "album": user}]
            told = client.about.run(flow, records, ["photos", "scene"])
    except OSError:
        sys.exit("There is no sidecar: start it with `minerva up` in examples/tourism.")
    except MinervaError as error:
        sys.exit(error.message)
    if told.get("error"):
        sys.exit(told["error"]["detail"])
    file.write_text(shown(user, told, HERE), encoding="utf-8")
    print(f"Written: {file}")


def shown(user: str, told: Mapping[str, Any], workspace: Path) -> str:
    """Return the page of what a run of the flow told."""
    (answer,) = told["predictions"]
    profile = {name: answer[name] for name in SCENES}
    return page(user, photos(user, told, workspace), profile, places(answer, workspace))


def photos(user: str, told: Mapping[str, Any], workspace: Path) -> list[Photo]:
    """Return each photo of the album with what it was taken for."""
    scenes = {row["row"]: row for row in told["steps"]["scene"]}
    found = []
    for row in told["steps"]["photos"]:
        path = workspace / "data" / "albums" / user / row["name"]
        scene = scenes.get(row["row"])
        if scene is None:
            found.append(Photo(path, {}, "It could not be read, and was left out."))
        else:
            found.append(Photo(path, {name: scene[f"scene.{name}"] for name in SCENES}))
    return found


def places(answer: Mapping[str, Any], workspace: Path) -> list[Place]:
    """Return the places with their scores."""
    scores = answer["place_probabilities"]
    with (workspace / "places.csv").open(encoding="utf-8", newline="") as file:
        return [
            Place(row["name"], float(row["x_km"]), float(row["y_km"]), scores[row["place"]])
            for row in csv.DictReader(file)
        ]


if __name__ == "__main__":
    if len(sys.argv) < 2:  # noqa: PLR2004 - the program's name and a user
        sys.exit("Say whose page: python examples/tourism/result_page.py USER [FILE] [FLOW]")
    main(
        sys.argv[1],
        Path(sys.argv[2]) if len(sys.argv) > 2 else Path(f"{sys.argv[1]}.html"),  # noqa: PLR2004 - the file is the second argument
        sys.argv[3] if len(sys.argv) > 3 else "tourism",  # noqa: PLR2004 - the flow is the third
    )
