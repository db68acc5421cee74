"""A virtual environment for each peer, made when it is first needed, from its pinned requirements."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

PEERS = Path(__file__).with_name("peers")


def cache() -> Path:
    """Return the folder that environments and results are kept in."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "minerva-benchmarks"


def environment(peer: str) -> Path:
    """Return the `bin` folder of a peer's environment; other requirements make another one."""
    requirements = PEERS / f"{peer}.txt"
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]
    folder = cache() / f"{peer}-{digest}"
    if not (folder / "complete").exists():
        print(f"Installing {peer} into {folder}", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        _install(requirements, folder)
        (folder / "complete").touch()
    return folder / "bin"


def _install(requirements: Path, folder: Path) -> None:
    """Install with uv if it is at hand, which is faster, else with pip."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = str(folder / "bin" / "python")
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if uv is None:
        installer = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    else:
        installer = [uv, "pip", "install", "--quiet", "--python", python]
    subprocess.run([*installer, "--requirement", str(requirements)], check=True)
