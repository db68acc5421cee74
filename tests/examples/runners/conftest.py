"""The examples in their languages, each in a workspace of its own."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "examples" / "runners"
COMMANDS = {
    "python": ("python3", "runner.py"),
    "r": ("Rscript", "runner.R"),
    "java": ("java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "Runner.java"),
    "node": ("node", "runner.mjs"),
    "rust": ("./runner",),
}


@dataclass(frozen=True)
class Example:
    """A runner ready to start in `folder`."""

    language: str
    command: tuple[str, ...]
    folder: Path


def _needed(language: str) -> str:
    return "rustc" if language == "rust" else COMMANDS[language][0]


@pytest.fixture(
    scope="session",
    params=[pytest.param(name, marks=pytest.mark.needs(_needed(name))) for name in COMMANDS],
)
def example(request, tmp_path_factory) -> Example:
    """Each language whose tool chain is there."""
    language = request.param
    command = COMMANDS[language]
    folder = tmp_path_factory.mktemp(language)
    for source in (EXAMPLES / language).iterdir():
        if source.suffix != ".md":
            shutil.copy(source, folder)
    if language == "rust":
        subprocess.run(["rustc", "-O", "runner.rs"], cwd=folder, check=True)
    return Example(language, command, folder)
