"""Each image holds what its layer needs and no more, and says what it is."""

import itertools
import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
TOOLS = ROOT / ".venv" / "containers" / "bin"
BASE = "python:3.11-slim-bookworm"
MOST_BYTES = {"core": 160e6, "abstraction": 200e6, "application": 330e6, "worker": 600e6}
"""What an image may add to the base image."""
TRAINING = {"scikit-learn", "pandas", "pyarrow", "optuna"}
ABSENT = {
    "core": {"onnxruntime", "xgboost-cpu", "scipy", *TRAINING},
    "abstraction": {"xgboost-cpu", "scipy", *TRAINING},
    "application": TRAINING,
    "worker": {"pytest", "pip", "setuptools"},
    "legacy-stub": {"minerva-sidecar", "onnxruntime", "xgboost-cpu"},
}
PRESENT = {
    "core": {"minerva-sidecar", "flask", "gunicorn", "celery", "psycopg", "numpy"},
    "abstraction": {"minerva-sidecar", "onnxruntime"},
    "application": {"minerva-sidecar", "onnxruntime", "xgboost-cpu"},
    "worker": {"minerva-sidecar", "onnxruntime", "xgboost-cpu", *TRAINING},
    "legacy-stub": {"flask", "sqlalchemy"},
}
NOT_BUILT_FROM = shutil.ignore_patterns(
    ".git", ".venv", ".minerva*", "__pycache__", "tests", "*_cache"
)
FROZEN = "import importlib.metadata as m, re; print(*{re.sub('[_.]', '-', d.name.lower()) + '==' + d.version for d in m.distributions()})"
CONTENTS = """
find / -xdev -path /proc -prune -o -printf '%p %T@ %m %U:%G %y %s\n'
find / -xdev -type f -exec sha256sum {} +
"""
INSTALLED = "import importlib.metadata as m; print(*{d.name.lower().replace('_', '-') for d in m.distributions()})"


@pytest.mark.parametrize("target", MOST_BYTES)
def test_an_image_adds_no_more_than_it_may(images, inspected, target):
    added = inspected(images[target])["Size"] - inspected(BASE)["Size"]
    assert added <= MOST_BYTES[target]


@pytest.mark.parametrize("target", ABSENT)
def test_an_image_holds_what_its_layer_needs_and_nothing_of_the_next(images, docker, target):
    program = ("run", "--rm", "--entrypoint=python", images[target], "-c", INSTALLED)
    held = set(docker(*program).split())
    assert held >= PRESENT[target]
    assert held & ABSENT[target] == set()


def test_a_layer_is_the_one_below_and_more(images, inspected):
    layers = {target: inspected(name)["RootFS"]["Layers"] for target, name in images.items()}
    order = [inspected(BASE)["RootFS"]["Layers"]]
    order += [layers[target] for target in ("core", "abstraction", "application", "worker")]
    for below, above in itertools.pairwise(order):
        assert above[: len(below)] == below
        assert len(above) > len(below)


@pytest.mark.parametrize("target", ABSENT)
def test_an_image_says_what_it_is_and_runs_as_nobody_in_particular(images, inspected, target):
    config = inspected(images[target])["Config"]
    labels = {
        name.removeprefix("org.opencontainers.image."): value
        for name, value in config["Labels"].items()
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert labels["title"] == f"minerva-{target}".replace("minerva-worker", "minerva-application")
    assert labels["version"] == project["version"]
    assert labels["licenses"] == project["license"]
    assert re.fullmatch(r"[0-9a-f]{40}", labels["revision"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", labels["created"])
    assert config["User"] == "10001:10001"
    assert config["Healthcheck"]["Test"][0] == "CMD"  # no shell
    assert config["Entrypoint"][:2] == ["/usr/bin/tini", "--"]


def test_two_builds_of_the_same_files_make_the_same_layers(images, docker, inspected, tmp_path):
    """Nothing is taken from the engine's memory, and the files are of another time."""
    copy = tmp_path / "elsewhere"
    shutil.copytree(ROOT, copy, symlinks=True, ignore=NOT_BUILT_FROM, copy_function=shutil.copyfile)
    command = ("build", "--no-cache", "--file", f"{copy}/docker/Dockerfile", "--target=worker")
    again = docker(*command, "--quiet", str(copy)).strip()
    if inspected(again)["RootFS"] != inspected(images["worker"])["RootFS"]:
        differ = contents(docker, again) ^ contents(docker, images["worker"])
        pytest.fail(f"{len(differ)} files differ:\n" + "\n".join(sorted(differ)[:40]))
    docker("rmi", again)


def contents(docker, image):
    """Each file of an image: its path, time, mode, owner, size and sum."""
    program = ("run", "--rm", "--user=0", "--entrypoint=sh", image, "-c", CONTENTS)
    return set(docker(*program).splitlines())


STEP = """
set -eu
export SOURCE_DATE_EPOCH=315532800
. /recipe/times.sh
touch --date=@315532800 /workspace/below
note_times
echo new > "/workspace/of another time"
touch --date=2001-01-01 "/workspace/of another time"
settle_times
stat --format='%n %Y' /workspace/*
"""


def test_what_a_step_makes_has_one_time_also_when_the_clock_is_set_back_meanwhile(images, docker):
    mounted = f"{ROOT}/docker:/recipe:ro"
    program = ("run", "--rm", "--user=0", "--volume", mounted, "--entrypoint=sh", images["core"])
    told = docker(*program, "-c", STEP).splitlines()
    assert told == ["/workspace/below 315532800", "/workspace/of another time 315532800"]


def test_what_the_layers_are_listed_to_hold_is_locked_with_hashes_as_everywhere_else():
    everywhere = dict(
        re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    )
    lists = sorted((ROOT / "docker/requirements").glob("*.txt"))
    assert len(lists) > 5
    for file in lists:
        text = file.read_text()
        pins = re.findall(r"^([a-z0-9-]+)==(\S+)[^\n]* \\\n    --hash=sha256:", text, re.MULTILINE)
        names = re.findall(r"^[a-z0-9-]+", text, re.MULTILINE)
        assert [name for name, _ in pins] == names, f"{file.name}: a line without a hash"
        assert "://" not in text
        assert {name for name, _ in pins} <= {*everywhere}, file.name


def test_the_recipe_is_as_linters_like_it():
    hadolint = TOOLS / "hadolint"
    recipes = sorted((ROOT / "docker").rglob("*Dockerfile"))
    done = subprocess.run([hadolint, *recipes], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("target", ["worker", "legacy-stub"])
def test_a_bill_of_materials_lists_each_library(images, docker, target, tmp_path):
    archive, syft = tmp_path / "image.tar", TOOLS / "syft"
    docker("save", "--output", str(archive), images[target])
    done = subprocess.run(
        [syft, f"docker-archive:{archive}", "--output", "cyclonedx-json", "--quiet"],
        capture_output=True, text=True, check=True, env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    components = {
        (re.sub("[_.]", "-", one["name"].lower()), one.get("version"))
        for one in json.loads(done.stdout)["components"]
    }
    held = docker("run", "--rm", "--entrypoint=python", images[target], "-c", FROZEN).split()
    assert len(held) > 10
    assert {tuple(one.split("==")) for one in held} <= components
