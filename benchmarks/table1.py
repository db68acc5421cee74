"""A recommendation from photos as one program and as a flow: scene classifier, fuzzification, ranking.

Run: python benchmarks/table1.py [PHOTOS]
An album of photos of 3000 x 2000 pixels (drawn), two networks: the small one of examples/tourism and
one of ResNet-18's size. The program is examples/tourism/monolith.py: one photo after the other, decoded
whole, ONNX Runtime as it is by itself, on all cores. The flow runs as in a web worker. All take turns.
Where PyTorch is installed (extra `torch`) the program is run with that, too.
"""

from __future__ import annotations

import logging
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import structlog
import yaml
from eager import Eager, installed
from sidecar import wait

EXAMPLE = Path(__file__).parents[1] / "examples" / "tourism"
PHOTOS, SIZE = 60, (3000, 2000)
ROUNDS = 3
CLASSIFIER = ("photos", "images", "scene")
"""The steps that do what the program's scene classifier does: find, read, decode, tell."""
TOLERANCE = 0.02
"""Of a number of the profile: decoding at a fraction of the size changes grey levels a little."""
TIE = 0.05
"""Classes of one photo whose confidences are closer than this are a tie, which may end either way."""
NETWORKS = {"tourism": "scenes.onnx", "tourism-large": "scenes-large.onnx"}
VARIANTS: Mapping[str, Mapping[str, int]] = {
    "one photo at a time": {"batch": 1, "parallel": 1},
    "in batches of 8": {"batch": 8, "parallel": 1},
    "two photos at a time": {"batch": 1, "parallel": 2},
}


@dataclass(frozen=True)
class Took:
    """What one recommendation took, in seconds, and what it said."""

    classifier: float
    fuzzification: float
    ranking: float
    whole: float
    confidences: Sequence[Sequence[float]]
    profile: Mapping[str, float]
    best: str


Way = Callable[[], Took]


def main(photos: int) -> None:
    """Print both tables for each network."""
    sys.path.append(str(EXAMPLE))
    with tempfile.TemporaryDirectory() as name:
        workspace = prepared(Path(name), photos)
        with opened(workspace) as flows:
            for flow, network in NETWORKS.items():
                compare(flow, workspace, workspace / "models" / network, flows)


def prepared(folder: Path, photos: int) -> Path:
    """Return a workspace with the example, an album, the large network and the flow's variants."""
    import large_network
    from albums import draw
    from scenery.scenes import SCENES

    workspace = folder / "workspace"
    shutil.copytree(EXAMPLE, workspace, ignore=shutil.ignore_patterns("data", ".minerva"))
    large_network.main(workspace / "models" / "scenes-large.onnx")
    taste = dict.fromkeys(SCENES, 1 / len(SCENES))
    draw(workspace / "data" / "albums" / "traveller", "traveller", taste, photos, SIZE)
    for flow in NETWORKS:
        for number, settings in enumerate(VARIANTS.values()):
            steps = {"images": dict(settings), "scene": dict(settings)}
            declared: dict[str, Any] = {"service": f"{flow}-{number}", "extends": flow}
            declared["parameters"] = {"steps": steps}
            path = workspace / "flows" / f"{flow}-{number}.yaml"
            path.write_text(yaml.safe_dump(declared, sort_keys=False), encoding="utf-8")
    return workspace


@contextmanager
def opened(workspace: Path) -> Iterator[Callable[[str], Took]]:
    """Serve the workspace in this process, and give what asks one of its flows."""
    from minerva.bootstrap import open_web
    from minerva.settings import load

    logging.disable()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with open_web(load(workspace, {})) as container:

        def live(flow: str) -> Any:
            return container.live.find("default", flow)

        container.look()
        names = [path.stem for path in (workspace / "flows").glob("*.yaml")]
        wait(lambda: all(live(name).loaded for name in names), "the versions")
        yield lambda flow: asked(live(flow))


def asked(live: Any) -> Took:
    """Ask a flow."""
    batch = live.decoder.records([{"user": "traveller", "album": "traveller"}])
    model = live.loaded.model
    began = time.perf_counter()
    run = model.run(batch)
    told = model.predictions(run)
    whole = time.perf_counter() - began
    took = {step.step: step.ms / 1_000 for step in run.trace.steps}
    made = run.state.made["scene"].columns
    names = list(live.decoder.schema.output)
    values = live.decoder.schema.output["place"].values
    return Took(
        classifier=sum(took[step] for step in CLASSIFIER),
        fuzzification=took["profile"],
        ranking=took["place"],
        whole=whole,
        confidences=list(zip(*(made[f"scene.{name}"].tolist() for name in names[1:]), strict=True)),
        profile={name: float(told[name][0]) for name in names[1:]},
        best=str(values[told["place"][0].argmax()]),
    )


def program(album: Path, network: Any, *, cheaply: bool = False) -> Took:
    """Run the monolith."""
    import monolith

    moments = [time.perf_counter()]
    confidences = monolith.classified(album, network, cheaply=cheaply)
    moments.append(time.perf_counter())
    profile = monolith.fuzzified(confidences)
    moments.append(time.perf_counter())
    ranking = monolith.ranked(profile, monolith.places(EXAMPLE / "places.csv"))
    moments.append(time.perf_counter())
    parts = [later - earlier for earlier, later in pairwise(moments)]
    best = max(ranking, key=lambda name: ranking[name])
    whole = moments[-1] - moments[0]
    return Took(parts[0], parts[1], parts[2], whole, list(confidences.values()), profile, best)


def plain(network: Path) -> Any:
    """Return the network with one thread and nothing of its graph optimised."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(str(network), options, providers=["CPUExecutionProvider"])


def compare(flow: str, workspace: Path, network: Path, flows: Callable[[str], Took]) -> None:
    """Take turns, and print what was found of one network."""
    album = workspace / "data" / "albums" / "traveller"
    ways = programs(album, network)
    for number, name in enumerate(VARIANTS):
        ways[f"flow, {name}"] = partial(flows, f"{flow}-{number}")
    ways["flow"] = partial(flows, flow)
    found = rounds(ways)
    photos = len(list(album.iterdir()))
    print(f"\n{flow}, {photos} photos, {os.cpu_count()} processors, medians of {ROUNDS} rounds\n")
    table(found["monolith"], found["flow"])
    ablation(found)
    agreed(found["monolith"][0], found["flow"][0])


def programs(album: Path, network: Path) -> dict[str, Way]:
    """Return the monolith and what is changed of it."""
    import monolith

    usual = monolith.opened(network)
    ways: dict[str, Way] = {
        "monolith": partial(program, album, usual),
        "monolith, one thread, no graph optimisation": partial(program, album, plain(network)),
        "monolith, photos decoded at a fraction": partial(program, album, usual, cheaply=True),
    }
    if installed():
        ways["monolith, PyTorch"] = partial(program, album, Eager(network))
    return ways


def rounds(ways: Mapping[str, Way]) -> dict[str, list[Took]]:
    """Ask all ways in turn; a round before the others warms up."""
    for way in ways.values():
        way()
    found: dict[str, list[Took]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            found[name].append(way())
    return found


def table(program: Sequence[Took], flow: Sequence[Took]) -> None:
    """Print the parts beside each other."""
    parts = {
        "scene classifier": "classifier",
        "fuzzification": "fuzzification",
        "recommendation": "ranking",
        "the whole": "whole",
    }
    print("| part | monolith, s | flow, s | times |\n|---|---:|---:|---:|")
    for said, part in parts.items():
        before, after = ([getattr(took, part) for took in both] for both in (program, flow))
        pairs = zip(before, after, strict=True)
        times = statistics.median(one / other for one, other in pairs)
        middle = [statistics.median(both) for both in (before, after)]
        print(f"| {said} | {middle[0]:.4f} | {middle[1]:.4f} | {times:.2f} |")
    print()


def ablation(found: Mapping[str, Sequence[Took]]) -> None:
    """Print what the scene classifier takes in each way, and how many times faster that is."""
    print("| scene classifier | s | times |\n|---|---:|---:|")
    usual = [took.classifier for took in found["monolith"]]
    for name, rounds in found.items():
        own = [took.classifier for took in rounds]
        times = statistics.median(one / other for one, other in zip(usual, own, strict=True))
        print(f"| {name} | {statistics.median(own):.3f} | {times:.2f} |")
    print()


def agreed(program: Took, flow: Took) -> None:
    """Print whether both say the same; end with an error if not."""
    pairs = list(zip(program.confidences, flow.confidences, strict=True))
    other = [one for one, two in pairs if _order(one)[0] != _order(two)[0]]
    differs = max(abs(program.profile[name] - flow.profile[name]) for name in program.profile)
    same = f"{len(pairs) - len(other)} of {len(pairs)}"
    print(f"Same class for {same} photos; profiles differ by {differs:.4f} at most;")
    print(f"best place: {program.best} and {flow.best}.", flush=True)
    clear = [one for one in other if one[_order(one)[0]] - one[_order(one)[1]] > TIE]
    if clear or differs > TOLERANCE or program.best != flow.best:
        sys.exit("The flow and the program do not agree.")


def _order(confidences: Sequence[float]) -> list[int]:
    return sorted(range(len(confidences)), key=lambda place: -confidences[place])


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else PHOTOS)
