"""The two tools that put libraries into a virtual environment: uv where it is there, else pip."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from minerva.errors import InvalidConfiguration

Run = Callable[[Sequence[str]], str]
"""Runs a program to its end and returns what it printed; its failure is an error of ours."""


class Installer(Protocol):
    """Resolves requirements and fills environments. Both read their own settings: index, proxy, cache."""

    def resolve(self, requirements: Path, run: Run) -> Sequence[str]:
        """Return the exact pins, `name==version`, that satisfy the file's lines."""

    def build(self, folder: Path, pins: Path, run: Run) -> None:
        """Make a virtual environment in `folder` that holds the file's pins and nothing else."""


class Uv:
    """Seconds where pip takes a minute, with one cache for all environments."""

    def __init__(self, program: str) -> None:
        self._program = program

    def resolve(self, requirements: Path, run: Run) -> Sequence[str]:
        """Satisfy `Installer`."""
        plain = ("--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links")
        command = [self._program, "pip", "compile", "--python", sys.executable, "--strip-extras"]
        pins = run([*command, *plain, str(requirements)])
        return [line.strip() for line in pins.splitlines() if line.strip()]

    def build(self, folder: Path, pins: Path, run: Run) -> None:
        """Satisfy `Installer`."""
        run([self._program, "venv", "--python", sys.executable, str(folder)])
        python = str(python_of(folder))
        install = [self._program, "pip", "install", "--python", python, "--no-deps"]
        run([*install, "-r", str(pins)])


class Pip:
    """Our own interpreter's pip, which may install into another one."""

    _quiet = ("--disable-pip-version-check", "--no-input")

    def resolve(self, requirements: Path, run: Run) -> Sequence[str]:
        """Satisfy `Installer`."""
        command = [sys.executable, "-m", "pip", *self._quiet, "install", "--quiet", "--dry-run"]
        told = run([*command, "--ignore-installed", "--report", "-", "-r", str(requirements)])
        chosen = [found["metadata"] for found in json.loads(told)["install"]]
        return [f"{package['name']}=={package['version']}" for package in chosen]

    def build(self, folder: Path, pins: Path, run: Run) -> None:
        """Satisfy `Installer`."""
        run([sys.executable, "-m", "venv", "--without-pip", str(folder)])
        command = [sys.executable, "-m", "pip", *self._quiet, "--python", str(python_of(folder))]
        run([*command, "install", "--no-deps", "-r", str(pins)])


def installer_for(environ: Mapping[str, str]) -> Installer:
    """Return the better one that is there. Raises InvalidConfiguration if there is none."""
    if program := shutil.which("uv", path=environ.get("PATH", "")):
        return Uv(program)
    if importlib.util.find_spec("pip") is not None:
        return Pip()
    raise InvalidConfiguration(
        "An algorithm has requirements, but neither uv nor pip is installed beside Minerva: "
        "install one of them."
    )


def python_of(folder: Path) -> Path:
    """Return an environment's interpreter."""
    return folder / "bin" / "python"
