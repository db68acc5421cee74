"""Setting up: which Python is taken, and what is said where there is none."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def make_venv(folder: Path, python: str) -> subprocess.CompletedProcess[str]:
    """Run the script that `make` runs, with the Python that a user names."""
    return subprocess.run(
        [ROOT / ".ci" / "make-venv", folder],
        env={**os.environ, "PYTHON": python},
        capture_output=True,
        text=True,
        check=False,
    )


def fake_python(folder: Path, name: str, script: str) -> str:
    """A program that behaves like a Python that lacks something."""
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    return str(program)


def test_a_python_that_is_too_old_is_refused_in_one_sentence(tmp_path):
    done = make_venv(tmp_path / "venv", fake_python(tmp_path, "old", "exit 1"))
    assert done.returncode == 1
    assert done.stderr.startswith("Minerva needs Python 3.11 or newer, found ")
    assert "make PYTHON=" in done.stderr
    assert not (tmp_path / "venv").exists()


def test_a_python_without_venv_is_told_what_to_install(tmp_path):
    lacking = 'case "$2" in *venv*) exit 1;; esac'
    done = make_venv(tmp_path / "venv", fake_python(tmp_path, "bare", lacking))
    assert done.returncode == 1
    assert "python3-venv" in done.stderr


@pytest.fixture(scope="module")
def venv(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("setup") / "venv"
    assert make_venv(folder, sys.executable).returncode == 0
    return folder


def test_an_environment_that_works_is_kept(venv, tmp_path):
    assert make_venv(venv, fake_python(tmp_path, "none", "exit 1")).returncode == 0
    assert (venv / "bin" / "python").exists()


def test_an_environment_that_was_moved_is_made_anew(venv):
    moved = venv.rename(venv.with_name("moved"))
    assert make_venv(moved, sys.executable).returncode == 0
    shown = subprocess.run([moved / "bin" / "pip", "--version"], capture_output=True, check=True)
    assert str(moved).encode() in shown.stdout


def test_every_target_is_explained_by_help():
    fresh = {name: text for name, text in os.environ.items() if not name.startswith("MAKE")}
    shown = subprocess.run(
        ["make", "help"], cwd=ROOT, env=fresh, capture_output=True, text=True, check=True
    )
    lines = [line.split(maxsplit=2) for line in shown.stdout.splitlines()]
    explained = {target for _, target, _ in lines}
    assert explained == {
        "help",
        "demo",
        "test",
        "check",
        "interop",
        "bench",
        "chaos",
        "images",
        "test-containers",
        "test-cluster",
        "lock",
        "clean",
    }


def test_the_scripts_are_sound_bash():
    for script in ("run", "make-venv"):
        subprocess.run(["bash", "-n", ROOT / ".ci" / script], check=True)
        assert "set -euo pipefail" in (ROOT / ".ci" / script).read_text(encoding="utf-8")
