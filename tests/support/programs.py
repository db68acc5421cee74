"""Programs that some tests need and that no wheel brings: where they are, and what to install."""

import shutil
import sys
from pathlib import Path

from chaos.brokers import RABBITMQ

PACKAGES = {
    "chromium": "chromium",
    "curl": "curl",
    "mcs": "mono-mcs libmono-system-net-http4.0-cil",
    "php": "php-cli php-curl",
    "Rscript": "r-base-core r-cran-jsonlite",
    "java": "openjdk-17-jdk-headless",
    "node": "nodejs",
    "python3": "python3",
    "rabbitmq-server": "rabbitmq-server",
    "rustc": "rustc",
}
"""Of Debian and Ubuntu."""
CLIENTS = "clients"
"""Other people's clients, in an environment of their own: its Python stands for all of them."""
OTHER_NAMES = {"chromium": ("chromium-browser", "google-chrome")}
PLACES = {
    "rabbitmq-server": RABBITMQ,
    CLIENTS: str(Path(sys.prefix) / "interop" / "bin" / "python"),
}
DISK = "small disk"
"""No program but the right to mount one; containers often lack it."""
NAMES = (*PACKAGES, CLIENTS, DISK)
MAY_MOUNT = 21
"""The bit of CAP_SYS_ADMIN (capabilities(7))."""


def program(name: str) -> str | None:
    """Return the path of a program, None if it is not installed."""
    if name == DISK:
        return shutil.which("mount") if _may_mount() else None
    names = (PLACES.get(name, name), name, *OTHER_NAMES.get(name, ()))
    return next(filter(None, map(shutil.which, names)), None)


def advice(name: str) -> str:
    """Return what to do where it is missing."""
    if name == DISK:
        return "the right to mount a file system is missing: run as root, in a container privileged"
    if name == CLIENTS:
        return "other people's clients are missing: make interop"
    return f"{name} is missing: install it (on Debian and Ubuntu: apt-get install {PACKAGES[name]})"


def _may_mount() -> bool:
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    held = next((line.split()[1] for line in lines if line.startswith("CapEff:")), "0")
    return bool(int(held, 16) >> MAY_MOUNT & 1)
