"""The catalogue: which algorithms and hooks there are, and which plugins could not be used."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from minerva.algorithm import Algorithm
from minerva.errors import Fault, InvalidConfiguration
from minerva.job_kind import JobKind
from minerva.layers.abstraction.plugins.discovery import IMPORT_WITHIN_S, Discovery
from minerva.layers.abstraction.plugins.plugin import Hook, Plugin
from minerva.layers.abstraction.plugins.probe import Probe
from minerva.layers.abstraction.plugins.source import Source, code_digest
from minerva.settings import STATE
from minerva.spelling import hint
from minerva.step import Step

NOTED = "plugins"
"""The folder, in that of what runs, that knows which plugins survived being imported."""


@dataclass(frozen=True)
class Catalogue:
    """Algorithms by name, with the plugin that each came from, and what went wrong."""

    algorithms: Mapping[str, Algorithm]
    origins: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Fault, ...] = ()
    plugins: tuple[Plugin, ...] = ()
    """Usable or not, the workspace's own before installed ones."""

    @classmethod
    def of(cls, plugins: Sequence[Plugin]) -> Catalogue:
        """Put together what plugins bring; of two algorithms of one name the first one stays."""
        algorithms: dict[str, Algorithm] = {}
        origins: dict[str, str] = {}
        problems: list[Fault] = []
        for plugin in plugins:
            if plugin.problem:
                said = f"{plugin.problem}; {plugin.hint}" if plugin.hint else plugin.problem
                problems.append(Fault(plugin.name, said))
            for algorithm in plugin.algorithms:
                if algorithm.name in algorithms:
                    first = origins[algorithm.name]
                    message = f"algorithm {algorithm.name!r} comes from {first} already"
                    problems.append(Fault(plugin.name, message))
                    continue
                algorithms[algorithm.name] = algorithm
                origins[algorithm.name] = plugin.name
        problems += [*_repeated(plugins, _kinds), *_repeated(plugins, _steps)]
        return cls(dict(sorted(algorithms.items())), origins, tuple(problems), tuple(plugins))

    def find(self, name: str) -> Algorithm:
        """Return an algorithm. Raises InvalidConfiguration with what there is instead."""
        if name in self.algorithms:
            return self.algorithms[name]
        said = hint(name, self.algorithms, f"there are: {', '.join(self.algorithms)}.")
        broken = [plugin.name for plugin in self.plugins if plugin.problem]
        if broken:
            said += f" Or a plugin that is broken brings it: {', '.join(broken)}."
        raise InvalidConfiguration(
            f"There is no algorithm {name!r}; {said}",
            faults=[Fault("/algorithm", f"unknown; {said}")],
        )

    def source_of(self, algorithm: str) -> Source | None:
        """Return the source of the workspace's plugin that brings the algorithm; None if installed."""
        plugin = self._plugin_of(algorithm)
        return None if plugin is None else plugin.source

    def hooks(self) -> dict[str, tuple[Hook, ...]]:
        """Return hook name → its implementations in the order in which they are called."""
        ordered = sorted(
            (hook for plugin in self.plugins for hook in plugin.hooks),
            key=lambda hook: (not hook.first, hook.last),  # stable: the plugins' order stays
        )
        named: dict[str, tuple[Hook, ...]] = {}
        for hook in ordered:
            named[hook.name] = (*named.get(hook.name, ()), hook)
        return named

    def job_kinds(self) -> dict[str, JobKind]:
        """Return name → kind of job; of two of one name the first one found stays."""
        kinds: dict[str, JobKind] = {}
        for plugin in self.plugins:
            for kind in plugin.job_kinds:
                kinds.setdefault(kind.name, kind)
        return kinds

    def steps(self) -> dict[tuple[str, str], Step]:
        """Return role and name → step; of two of both the first one found stays."""
        steps: dict[tuple[str, str], Step] = {}
        for plugin in self.plugins:
            for step in plugin.steps:
                steps.setdefault((step.role, step.name), step)
        return steps

    def source_of_step(self, role: str, name: str) -> Source | None:
        """Return the source of the workspace's plugin that brings a step; None if it is installed."""
        brings = (
            plugin
            for plugin in self.plugins
            if any((step.role, step.name) == (role, name) for step in plugin.steps)
        )
        plugin = next(brings, None)
        return None if plugin is None else plugin.source

    def describe(self) -> list[dict[str, Any]]:
        """Return every plugin with what it brings and what is wrong with it."""
        return [plugin.to_json() for plugin in self.plugins]

    def _plugin_of(self, algorithm: str) -> Plugin | None:
        origin = self.origins.get(algorithm)
        return next((plugin for plugin in self.plugins if plugin.name == origin), None)


def _kinds(plugin: Plugin) -> list[str]:
    return [f"job kind {kind.name!r}" for kind in plugin.job_kinds]


def _steps(plugin: Plugin) -> list[str]:
    return [f"step '{step.role}: {step.name}'" for step in plugin.steps]


def _repeated(plugins: Sequence[Plugin], brought: Callable[[Plugin], list[str]]) -> list[Fault]:
    first: dict[str, str] = {}
    problems = []
    for plugin in plugins:
        for said in brought(plugin):
            if said in first:
                problems.append(Fault(plugin.name, f"{said} comes from {first[said]} already"))
            first.setdefault(said, plugin.name)
    return problems


class Plugins:
    """The workspace's and the installed plugins, newest state, in this process.

    Reading takes no lock: `refresh` swaps one reference. A plugin that is broken after an edit brings
    nothing until it is mended. What it brought before is dropped, because every other process, a
    training's above all, would not find it either; versions go on with their own copy of its source.

    Plugins are imported in this process, each with a time limit, after another process has survived
    importing the same content.
    """

    def __init__(self, workspace: Path, noted: Path | None = None) -> None:
        """`noted`: the folder of what survived; None: that of a workspace which keeps its own state."""
        probe = Probe(noted or workspace / STATE / "run" / NOTED, IMPORT_WITHIN_S)
        self._discovery = Discovery(workspace / "plugins", probe)
        self._catalogue: Catalogue | None = None

    def __call__(self) -> Catalogue:
        """Return the newest catalogue; plugins are looked for the first time only."""
        found = self._catalogue
        if found is None:
            self.refresh()
            found = self._catalogue
        return found or Catalogue({})

    def refresh(self) -> bool:
        """Look at the workspace's plugins again; return whether anything changed.

        Costs one `stat` per file while nothing does. Safe from several threads at once.
        """
        with self._discovery.lock:
            changed = self._discovery.look()
            if changed:
                self._catalogue = Catalogue.of(self._discovery.plugins())
        return changed


def discover(workspace: Path, noted: Path | None = None) -> Catalogue:
    """Find every plugin once."""
    return Plugins(workspace, noted)()


def provenance(catalogue: Catalogue, algorithm: str) -> dict[str, str]:
    """Return where an algorithm comes from, for the manifest of a version; {} if nobody brings it."""
    plugin = catalogue._plugin_of(algorithm)  # noqa: SLF001 - same module, one idea
    if plugin is None:
        return {}
    if plugin.source is not None:
        return {"plugin": plugin.name, "digest": plugin.source.digest}
    told = {
        "plugin": plugin.name,
        "distribution": plugin.distribution,
        "version": plugin.version,
        "digest": code_digest(type(catalogue.find(algorithm)).__module__),
    }
    return {name: value for name, value in told.items() if value is not None}
