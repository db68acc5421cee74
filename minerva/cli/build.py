"""`minerva build`: an image of a workspace, on the image of the layer below it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from minerva.cli import screen
from minerva.cli.build_context import RECIPE, WORKSPACE, Context, prepare
from minerva.cli.command import Command
from minerva.cli.session import Session, pass_session
from minerva.errors import InvalidConfiguration, Unavailable

DISTRIBUTION = "minerva-sidecar"
FORMAT = "{{.Id}} {{.Size}}"
PLAIN = {"BUILDKIT_PROGRESS": "plain", "DOCKER_BUILDKIT": "1"}
NO_IMAGE = " > [internal] load metadata for"
_STEP = re.compile(r"#\d+ \[")
TOLD_LINES = 12
"""So many last lines of a failed build are enough to see why."""


@click.command(cls=Command)
@click.option(
    "--tag", "-t", metavar="NAME:TAG", help="The folder's name and Minerva's version, if left out."
)
@click.option(
    "--worker", is_flag=True, help="With what models are trained with: for `worker` and `beat`."
)
@click.option(
    "--from", "base", metavar="IMAGE",
    help="The layer below: minerva-abstraction of this version, if left out.",
)  # fmt: skip
@click.option(
    "--library", "libraries", metavar="LIST", multiple=True,
    help="A further list of docker/requirements; those of the services' algorithms are found.",
)  # fmt: skip
@click.option(
    "--ca", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Certificates of a closed network's own authority, for this build only.",
)  # fmt: skip
@click.option(
    "--pip-conf", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="pip's settings, such as a mirror's address and password, for this build only.",
)  # fmt: skip
@click.option("--engine", default="docker", show_default=True, help="The program that builds.")
@pass_session
def build(
    session: Session,
    tag: str | None,
    worker: bool,  # noqa: FBT001 - click passes flags so
    base: str | None,
    libraries: tuple[str, ...],
    ca: Path | None,
    pip_conf: Path | None,
    engine: str,
) -> None:
    """Make a container image of the workspace: its services, flows, plugins, and what serves them.

    Libraries of its own stand in requirements.txt, locked with hashes. Keys, .env files and .minerva stay
    out. Two builds of the same files make the same layers.

    Examples:
      minerva build
      minerva build --tag registry.example/churn:7 --worker
    """
    made = version(DISTRIBUTION)
    kind = "-worker" if worker else ""
    recipe = Recipe(
        engine=engine,
        tag=tag or f"{session.workspace.name.lower()}{kind}:{made}",
        target="worker" if worker else "application",
        base=base or f"minerva-abstraction:{made}",
        secrets={name: file for name, file in (("ca", ca), ("pip", pip_conf)) if file},
        stamp=stamp_of(session.workspace, os.environ),
    )
    with tempfile.TemporaryDirectory(prefix="minerva-build-") as folder:
        context = prepare(session.workspace, Path(folder), libraries)
        _run(recipe, context, quiet=session.json)
    _tell(session, recipe, context)


@dataclass(frozen=True)
class Stamp:
    """Which state of the sources an image tells."""

    revision: str
    seconds: int
    """When it was committed, in seconds since 1970."""
    epoch: str = ""
    """The time that all files get, if it was asked for."""


@dataclass(frozen=True)
class Recipe:
    """What is asked of the engine."""

    engine: str
    tag: str
    target: str
    base: str
    secrets: Mapping[str, Path]
    stamp: Stamp

    def command(self, context: Context) -> list[str]:
        """Return the engine's arguments."""
        created = datetime.fromtimestamp(self.stamp.seconds, UTC)
        arguments = {
            "ABSTRACTION": self.base,
            "WORKSPACE": WORKSPACE,
            "LIBRARIES": " ".join(context.libraries),
            "TITLE": self.tag.rpartition("/")[2].partition(":")[0],
            "VERSION": self.tag.rpartition("/")[2].partition(":")[2] or "latest",
            "REVISION": self.stamp.revision,
            "CREATED": f"{created:%Y-%m-%dT%H:%M:%SZ}",
        }
        if self.stamp.epoch:
            arguments["SOURCE_DATE_EPOCH"] = self.stamp.epoch
        command = [self.engine, "build", "--target", self.target, "--tag", self.tag]
        command += ["--file", str(context.folder / RECIPE / "Dockerfile")]
        for name, value in arguments.items():
            command += ["--build-arg", f"{name}={value}"]
        for name, file in self.secrets.items():
            command += ["--secret", f"id={name},src={file.resolve()}"]
        return [*command, str(context.folder)]


def stamp_of(workspace: Path, environment: Mapping[str, str]) -> Stamp:
    """Return the workspace's last commit and its time, and $SOURCE_DATE_EPOCH.

    Raises InvalidConfiguration for an epoch that is none.
    """
    epoch = environment.get("SOURCE_DATE_EPOCH", "")
    if epoch and not (epoch.isascii() and epoch.isdecimal()):
        raise InvalidConfiguration(f"SOURCE_DATE_EPOCH must be whole seconds, not {epoch!r}.")
    told = _git(workspace, "log", "-1", "--format=%ct %H").split()
    return Stamp(told[1], int(told[0]), epoch) if told else Stamp("unknown", int(epoch or 0), epoch)


def _git(folder: Path, *arguments: str) -> str:
    git = shutil.which("git")
    if git is None:
        return ""
    command = [git, "-C", str(folder), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - an own list
    return done.stdout if done.returncode == 0 else ""


def _run(recipe: Recipe, context: Context, *, quiet: bool) -> None:
    """Build. Raises Unavailable with what the engine said last."""
    lines: list[str] = []
    with _started(recipe.command(context)) as process:
        for line in process.stdout or ():
            lines.append(line.rstrip())
            if not quiet and _STEP.match(line):
                screen.remark(line.rstrip())
    if process.returncode:
        raise Unavailable(_why(recipe, lines))


def _started(command: list[str]) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(  # noqa: S603 - the engine that was named, arguments of our own
            command, env=os.environ | PLAIN,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        )  # fmt: skip
    except OSError as error:
        raise InvalidConfiguration(
            f"The program {command[0]!r} cannot be run ({error.strerror}): "
            "install Docker or name another one with --engine."
        ) from error


def _why(recipe: Recipe, lines: list[str]) -> str:
    """Say in a sentence what a build failed of."""
    if any(line.startswith(NO_IMAGE) for line in lines):
        return (
            f"The image {recipe.base} is not here and cannot be pulled: `make images` in Minerva's "
            "repository builds it, or name another one with --from."
        )
    return f"{recipe.engine} could not build {recipe.tag}:\n" + "\n".join(lines[-TOLD_LINES:])


def _tell(session: Session, recipe: Recipe, context: Context) -> None:
    command = [recipe.engine, "image", "inspect", "--format", FORMAT, recipe.tag]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - as above
    identity, size = done.stdout.split()
    told: dict[str, Any] = {"image": recipe.tag, "id": identity, "bytes": int(size)}
    if session.json:
        screen.show_json(told | {"base": recipe.base, "libraries": context.libraries})
        return
    screen.say(f"{recipe.tag} is built: {int(size) / 1e6:,.0f} MB, {identity}.")
