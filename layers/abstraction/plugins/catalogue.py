"""Discovery: which algorithms there are, and which plugins could not be used."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy
import structlog

from minerva import hookspecs
from minerva.algorithm import Algorithm
from minerva.errors import Fault, InvalidConfiguration

log = structlog.get_logger()

PACKAGE = "minerva_plugins"
"""Under this name the workspace's plugins are imported, so that they collide with no one's modules."""


@dataclass(frozen=True)
class Catalogue:
    """Algorithms by name, with the plugin that each came from, and what went wrong."""

    algorithms: Mapping[str, Algorithm]
    origins: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Fault, ...] = ()

    def find(self, name: str) -> Algorithm:
        """Return an algorithm. Raises InvalidConfiguration with what there is instead."""
        if name in self.algorithms:
            return self.algorithms[name]
        close = get_close_matches(name, self.algorithms, n=1)
        hint = (
            f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(self.algorithms)}."
        )
        raise InvalidConfiguration(
            f"There is no algorithm {name!r}; {hint}",
            faults=[Fault("/algorithm", f"unknown; {hint}")],
        )


def discover(workspace: Path) -> Catalogue:
    """Find every plugin, the workspace's own before installed ones; a broken one becomes a problem."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    problems: list[Fault] = []
    for name, load in (*_in_folder(workspace / "plugins"), *_installed()):
        try:
            manager.register(load(), name)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin may raise anything and must harm only itself
            problems.append(_report(name, error))
    algorithms, origins = _collect(manager, problems)
    return Catalogue(algorithms, origins, tuple(problems))


def _collect(
    manager: pluggy.PluginManager, problems: list[Fault]
) -> tuple[dict[str, Algorithm], dict[str, str]]:
    algorithms: dict[str, Algorithm] = {}
    origins: dict[str, str] = {}
    # in the order of registration; pluggy itself would call the last registered one first
    for implementation in manager.hook.minerva_algorithms.get_hookimpls():
        plugin = implementation.plugin_name
        try:
            returned: Any = implementation.function()
            brought = list(returned)
            names = [_name(algorithm) for algorithm in brought]
        except (Exception, SystemExit) as error:  # noqa: BLE001 - as above
            problems.append(_report(plugin, error))
            continue
        for name, algorithm in zip(names, brought, strict=True):
            if name in algorithms:
                message = f"algorithm {name!r} comes from {origins[name]} already"
                problems.append(Fault(plugin, message))
                continue
            algorithms[name] = algorithm
            origins[name] = plugin
    return dict(sorted(algorithms.items())), origins


def _name(algorithm: Any) -> str:
    if not isinstance(algorithm, Algorithm):
        raise TypeError(f"minerva_algorithms returned {type(algorithm).__name__}, not an Algorithm")
    name = getattr(algorithm, "name", None)
    if not isinstance(name, str) or not name:
        raise TypeError(f"{type(algorithm).__name__} has no text as its name")
    return name


def _installed() -> Iterator[tuple[str, Any]]:
    for entry in sorted(entry_points(group=hookspecs.PROJECT), key=lambda entry: entry.name):
        yield entry.name, entry.load


def _in_folder(folder: Path) -> Iterator[tuple[str, Any]]:
    for path in sorted(folder.glob("*")):
        file = path / "__init__.py" if path.is_dir() else path
        if file.suffix == ".py" and file.exists() and not path.name.startswith((".", "_")):
            yield f"plugins/{path.name}", lambda file=file, stem=path.stem: _import(file, stem)


def _import(file: Path, stem: str) -> ModuleType:
    name = f"{PACKAGE}.{stem}"
    spec = importlib.util.spec_from_file_location(
        name,
        file,
        submodule_search_locations=[str(file.parent)] if file.stem == "__init__" else None,
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{file.name} is not a Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(PACKAGE, _package())  # so that what a plugin pickles can be read back
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def _package() -> ModuleType:
    package = ModuleType(PACKAGE, "The workspace's plugins.")
    package.__path__ = []
    return package


def _report(plugin: str, error: BaseException) -> Fault:
    log.warning("plugin.failed", plugin=plugin, exc_info=error)
    return Fault(plugin, f"{type(error).__name__}: {error}")
