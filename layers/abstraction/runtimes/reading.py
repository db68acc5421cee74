"""What a model's process needs to read: Python, its libraries, programs, its version; nothing of others.

Worked out by the process itself before it is confined and before anything of a plugin is imported.
Landlock knows no exceptions below a folder that it allows, so where the workspace lies below one, the
folder's other parts are named one by one.
"""

from __future__ import annotations

import os
import site
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from minerva.layers.abstraction.runtimes.spec import HostSpec
from minerva.settings import STATE

SYSTEM = (
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/opt", "/nix/store", "/snap",
    "/proc", "/sys", "/run/systemd/resolve", "/System", "/Library",
)  # fmt: skip
"""Programs and libraries. Of other processes, /proc shows a confined one no memory and no environment."""
ETC = (
    "ld.so.*", "localtime", "timezone", "locale*", "default/locale", "os-release", "debian_version",
    "nsswitch.conf", "hosts", "host.conf", "hostname", "resolv.conf", "gai.conf", "services",
    "protocols", "passwd", "group", "ssl/certs", "ssl/openssl.cnf", "pki/tls/certs",
    "pki/tls/openssl.cnf", "pki/ca-trust", "pki/java", "ca-certificates*", "crypto-policies",
    "alternatives", "mime.types", "magic*", "fonts", "R", "java*", "OpenCL", "nvidia*", "vulkan",
)  # fmt: skip
"""Of /etc only these: many a container finds its secrets there, open to everybody in it."""
PATHS = ("PATH", "LD_LIBRARY_PATH")
BESIDE = ("lib", "lib64", "libexec", "conf")
"""Where programs that are not of the system keep the rest of themselves: beside their `bin`."""
PLUGINS = "plugins"
LONGEST = 4096


def readable(spec: HostSpec) -> list[Path]:
    """Return files, and folders with all below them."""
    workspace = _resolved(spec.workspace)
    found = [_resolved(path) for path in (*_system(), *_python(), *_programs())]
    parts = [part for path in dict.fromkeys(found) for part in without(path, workspace)]
    if spec.state:
        state = _resolved(spec.state)
        parts = [part for path in parts for part in without(path, state)]
    return list(dict.fromkeys([*parts, *_own(spec, workspace), *map(_resolved, spec.reads)]))


def listable(spec: HostSpec) -> list[Path]:
    """Return folders on the import path that hold the workspace too: Python must see their names."""
    workspace = _resolved(spec.workspace)
    found = dict.fromkeys(_resolved(path) for path in sys.path if path)
    return [path for path in found if workspace.is_relative_to(path) and path != path.parent]


def without(path: Path, closed: Path) -> Iterator[Path]:
    """Give the path; where `closed` is below it, what else there is in it, but no links."""
    if path in {closed, path.parent}:
        return
    if not closed.is_relative_to(path):
        yield path
        return
    with suppress(OSError):
        for child in path.iterdir():
            if not child.is_symlink():
                yield from without(child, closed)


def named(parameters: Any, workspace: Path) -> Iterator[Path]:
    """Give the workspace's files and folders that parameters name, and what lies beside such a file.

    Some formats keep a model in several files. The workspace itself and our own state are none.
    """
    for text in _texts(parameters):
        path = _within(text, workspace)
        if path is None:
            continue
        yield path
        if path.is_file() and path.parent != workspace:
            yield path.parent


def _system() -> Iterator[str | Path]:
    yield from SYSTEM
    for pattern in ETC:
        yield from Path("/etc").glob(pattern)


def _python() -> Iterator[str | Path]:
    """Give the interpreter, the import path, and where packages lie that are installed as editable."""
    yield from (sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix)
    yield from (path for path in sys.path if path)
    if site.ENABLE_USER_SITE:
        yield site.getusersitepackages()
    for name in ("minerva", "minerva.layers"):
        yield from getattr(sys.modules[name], "__path__", ())
    yield Path(__file__).parents[3] / "adapters"
    for name, module in list(sys.modules.items()):
        if name.startswith("__editable__"):  # setuptools' finders, with package → folder or file
            yield from map(str, dict(getattr(module, "MAPPING", {})).values())


def _programs() -> Iterator[Path]:
    for variable in PATHS:
        for folder in map(Path, filter(None, os.environ.get(variable, "").split(os.pathsep))):
            if folder.is_absolute():
                yield folder
                yield from (folder.parent / name for name in BESIDE)


def _own(spec: HostSpec, workspace: Path) -> Iterator[Path]:
    if spec.folder:
        yield _resolved(spec.folder)
        for part in Path(spec.folder).glob("*"):  # `model/` may be a link
            yield _resolved(part)
    if spec.plugins:
        yield _resolved(spec.plugins)
    if spec.source or not spec.plugins:
        yield workspace / PLUGINS
        with suppress(OSError):
            links = [path for path in (workspace / PLUGINS).iterdir() if path.is_symlink()]
            yield from map(_resolved, links)
    yield from named(spec.parameters, workspace)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for member in value.values():
            yield from _texts(member)
    elif isinstance(value, Sequence):
        for member in value:
            yield from _texts(member)


def _within(text: str, workspace: Path) -> Path | None:
    if not 0 < len(text) < LONGEST:
        return None
    with suppress(OSError, ValueError, RuntimeError):  # a null byte, a link to itself, no right
        path = (workspace / text).resolve()
        inside = path != workspace and path.is_relative_to(workspace)
        if inside and not path.is_relative_to(workspace / STATE) and path.exists():
            return path
    return None


def _resolved(path: str | Path) -> Path:
    return Path(os.path.realpath(path))
