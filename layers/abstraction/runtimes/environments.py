"""Virtual environments for algorithms that name requirements: locked once, built once, shared.

An environment sees Minerva and its dependencies after its own packages, so that a model of
scikit-learn 1.5 runs beside one of the newest, whatever Minerva itself is installed with.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import site
import sys
import sysconfig
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from minerva.errors import Fault, InvalidConfiguration, Unavailable
from minerva.layers.abstraction.runtimes.building import Build, locked, locked_at_once
from minerva.layers.abstraction.runtimes.installers import installer_for, python_of

log = structlog.get_logger(layer="abstraction")

READY = ".ready"
"""Stands in an environment that was built to its end."""
_VERSION = r"(?:===?|~=|!=|<=?|>=?)\s*[\w.*+!-]+"
_REQUIREMENT = re.compile(
    r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?"  # name
    r"(?:\s*\[[\w\s,.-]*\])?"  # extras
    rf"(?:\s*\(?\s*{_VERSION}(?:\s*,\s*{_VERSION})*\s*\)?)?"
    r"(?:\s*;[\w\s.'\"<>=!~()-]*)?",  # marker
    re.ASCII,
)
_PIN = re.compile(r"[A-Za-z0-9][\w.-]*==[\w.+!]+", re.ASCII)


@dataclass(frozen=True)
class Environments:
    """The environments below one folder; any number of threads and processes may ask at once."""

    folder: Path
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    """What the installers are run with: where they are and their own settings."""

    def lock(self, requirements: Sequence[str]) -> str:
        """Return exact pins, `name==version`, one a line, sorted; the same ones ever after.

        Raises InvalidConfiguration if a line is no plain requirement or none satisfies all of them,
        Unavailable if the packages cannot be looked up.
        """
        lines = sorted({_checked(line) for line in requirements})
        if not lines:
            return ""
        key = _digest([lines, platform.python_version(), sysconfig.get_platform()])
        kept = self.folder / f"lock-{key}.txt"
        with locked(self.folder / f"lock-{key}.lock") as held:
            if kept.exists():
                return kept.read_text()
            build = Build(self.folder / f"lock-{key}.log", held, self.environ)
            pins = self._resolve(lines, build)
            with _telling(build):
                _write(kept, pins)
            return pins

    def python(self, lock: str) -> Path:
        """Return the interpreter that has what `lock` names; builds its environment the first time.

        Raises InvalidConfiguration if it cannot be built from these packages, Unavailable if the
        network or the disk is in the way; the message names the build's log.
        """
        pins = _pins(lock)
        if not pins:
            return Path(sys.executable)
        folder = self.folder / _key(pins)
        if (folder / READY).exists():
            return python_of(folder)
        with locked(folder.with_suffix(".lock")) as held:
            if not (folder / READY).exists():
                self._build(folder, pins, held)
        return python_of(folder)

    def prune(self, keep: Collection[str]) -> tuple[str, ...]:
        """Remove every environment that is of none of the locks in `keep`; return their names."""
        kept = {_key(_pins(lock)) for lock in keep}
        built = sorted(path for path in self.folder.glob("*") if path.is_dir())
        return tuple(path.name for path in built if path.name not in kept and self._remove(path))

    def _remove(self, folder: Path) -> bool:
        with locked_at_once(folder.with_suffix(".lock")) as free:
            if not free:  # somebody is building it
                return False
            (folder / READY).unlink(missing_ok=True)  # first: nobody takes half of it for whole
            shutil.rmtree(folder, ignore_errors=True)
            folder.with_suffix(".log").unlink(missing_ok=True)
        log.info("environment.removed", environment=folder.name)
        return True

    def _resolve(self, lines: Sequence[str], build: Build) -> str:
        with _telling(build), _listed(lines) as file:
            found = installer_for(self.environ).resolve(file, build.run)
        return "".join(f"{pin}\n" for pin in _pins("\n".join(found)))

    def _build(self, folder: Path, pins: Sequence[str], held: int) -> None:
        started = time.monotonic()
        build = Build(folder.with_suffix(".log"), held, self.environ)
        with _telling(build), _listed(pins) as file:
            shutil.rmtree(folder, ignore_errors=True)  # what a build that was killed left
            installer_for(self.environ).build(folder, file, build.run)
            _let_it_see_minerva(folder)
            _write(folder / READY, "")
        seconds = round(time.monotonic() - started, 3)
        log.info("environment.built", environment=folder.name, packages=len(pins), seconds=seconds)


@contextmanager
def _listed(lines: Sequence[str]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch, "requirements.txt")
        file.write_text("".join(f"{line}\n" for line in lines))
        yield file


@contextmanager
def _telling(build: Build) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(
            f"An environment could not be built: {error.strerror}; its log: {build.log_file}.",
            retry_after_s=30,
        ) from error


def _checked(line: str) -> str:
    """Refuse what pip would take for an option, an address, a file or a variable."""
    plain = line.strip()
    if not _REQUIREMENT.fullmatch(plain) or re.search(r"\s-", plain) or "\n" in plain:
        raise InvalidConfiguration(
            "A requirement names a package and the versions it may have, such as "
            "'scikit-learn>=1.5,<2'; options, addresses and files are refused.",
            faults=[Fault("/requirements", "one line is no plain requirement")],
        )
    return plain


def _pins(lock: str) -> list[str]:
    pins = sorted(set(lock.split("\n")) - {""})
    if all(_PIN.fullmatch(pin) for pin in pins):
        return pins
    raise InvalidConfiguration("A lock of requirements holds lines other than 'name==version'.")


def _key(pins: Sequence[str]) -> str:
    """Name an environment: another Python, or Minerva in another place, needs another one."""
    return _digest([pins, platform.python_version(), sysconfig.get_platform(), sys.prefix])


def _digest(facts: Sequence[object]) -> str:
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


def _let_it_see_minerva(folder: Path) -> None:
    """Put the packages of this interpreter behind the environment's own, editable installs included."""
    ours = [path for path in _site_folders() if Path(path).is_dir()]
    for packages in (folder / "lib").glob("python*/site-packages"):
        line = f"import site; list(map(site.addsitedir, {ours!a}))\n"
        (packages / "minerva_and_its_dependencies.pth").write_text(line)


def _site_folders() -> list[str]:
    return [
        *site.getsitepackages(),
        *([site.getusersitepackages()] if site.ENABLE_USER_SITE else []),
    ]


def _write(file: Path, text: str) -> None:
    """Appear whole or not at all."""
    half = file.with_name(f"{file.name}.{os.getpid()}.part")
    half.write_text(text)
    half.replace(file)
