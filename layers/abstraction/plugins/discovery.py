"""Looking for plugins: installed ones once, the workspace's again whenever a file changes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import structlog

from minerva import hookspecs
from minerva.errors import AlgorithmFailed, InvalidConfiguration, MinervaError
from minerva.layers.abstraction.plugins.importing import PACKAGE, forget, import_source, module_name
from minerva.layers.abstraction.plugins.plugin import Brought, Plugin, brought_by, hint, reason
from minerva.layers.abstraction.plugins.source import Signature, Source, candidates, read, signature

log = structlog.get_logger()

IMPORT_WITHIN_S = 30.0
SETTLED_NS = 2_000_000_000
"""A file that changed so shortly before it was read may change again and keep its times."""


@dataclass(frozen=True)
class Known:
    """A plugin of the workspace as it was last looked at."""

    plugin: Plugin
    signature: Signature = ()
    settled: bool = False
    """Whether an unchanged signature means an unchanged plugin."""


@dataclass
class Discovery:
    """What was found so far. `look` and `plugins` want the lock."""

    folder: Path
    probe: Callable[[Source], str | None]
    """Tells how a plugin would end this process, None if it would not."""
    import_within_s: float = IMPORT_WITHIN_S
    lock: Lock = field(default_factory=Lock)
    _installed: tuple[Plugin, ...] | None = None
    _known: dict[str, Known] = field(default_factory=dict)

    def plugins(self) -> list[Plugin]:
        """Return all plugins, the workspace's own before installed ones, by name."""
        return [*(known.plugin for known in self._known.values()), *(self._installed or ())]

    def look(self) -> bool:
        """Bring in what changed; return whether anything did."""
        before = None if self._installed is None else self.plugins()
        if self._installed is None:
            self._installed = tuple(self._install(*found) for found in _entries())
        found: dict[str, Known] = {}
        modules: dict[str, str] = {}
        for name, path in self._paths():
            first = modules.setdefault(module_name(PACKAGE, path), name)
            found[name] = self._again(name, path) if first == name else self._second(name, first)
        gone = self._known.keys() - found.keys()
        self._known = found
        for name in gone:
            log.info("plugin.gone", plugin=name)
            if module_name(PACKAGE, Path(name)) not in modules:
                forget(module_name(PACKAGE, Path(name)))
        return self.plugins() != before

    def _paths(self) -> list[tuple[str, Path]]:
        try:
            return [(f"plugins/{path.name}", path) for path in candidates(self.folder)]
        except OSError as error:
            log.warning("plugins.unreadable", reason=error.strerror)
            return [(name, self.folder / Path(name).name) for name in self._known]

    def _again(self, name: str, path: Path) -> Known:
        """Return the plugin as it was while its files are the same, else imported anew."""
        before = self._known.get(name)
        now = time.time_ns()
        try:
            found = signature(path)
            if before is not None and before.settled and before.signature == found:
                return before
            source = read(path)
        except (MinervaError, OSError) as error:
            return self._unusable(name, error)
        settled = all(max(mtime, ctime) < now - SETTLED_NS for _, _, mtime, ctime, _ in found)
        if before is not None and before.plugin.digest == source.digest:
            return Known(before.plugin, found, settled)
        return Known(self._import(name, source, new=before is None), found, settled)

    def _second(self, name: str, first: str) -> Known:
        error = InvalidConfiguration(f"{first} has the same name already: rename one of them.")
        return self._unusable(name, error)

    def _unusable(self, name: str, error: Exception) -> Known:
        """Report what cannot even be read, once."""
        before = self._known.get(name)
        if before is not None and before.plugin.problem == reason(error):
            return before
        return Known(_broken(Plugin(name, "workspace"), error))

    def _import(self, name: str, source: Source, *, new: bool) -> Plugin:
        found = Plugin(name, "workspace", source=source)
        crash = self.probe(source)
        if crash is not None:
            return _broken(found, AlgorithmFailed(f"{crash[0].upper()}{crash[1:]}."))
        module = module_name(PACKAGE, source.path)
        plugin = self._load(found, lambda: import_source(module, source))
        if plugin.problem is None:
            event = "plugin.loaded" if new else "plugin.reloaded"
            brought = [algorithm.name for algorithm in plugin.algorithms]
            log.info(event, plugin=name, digest=source.digest[:12], algorithms=brought)
        return plugin

    def _install(self, entry: EntryPoint, distribution: str | None, version: str | None) -> Plugin:
        found = Plugin(entry.name, "installed", distribution=distribution, version=version)
        return self._load(found, entry.load)

    def _load(self, found: Plugin, load: Callable[[], Any]) -> Plugin:
        brought = _within(self.import_within_s, lambda: brought_by(found.name, load()))
        if isinstance(brought, BaseException):
            return _broken(found, brought)
        return found.bringing(brought)


def _entries() -> list[tuple[EntryPoint, str | None, str | None]]:
    """Return installed plugins with the names and versions of what brought them, by name."""
    entries = sorted(entry_points(group=hookspecs.PROJECT), key=lambda entry: entry.name)
    # each look at a distribution's name reads its metadata: once is enough for all of its plugins
    told = {one: (one.name, one.version) for one in {entry.dist for entry in entries} if one}
    return [(entry, *(told[entry.dist] if entry.dist else (None, None))) for entry in entries]


def _within(limit_s: float, work: Callable[[], Brought]) -> Brought | BaseException:
    """Do the work in a thread of its own, which is left to itself when the time is over.

    What it raises is returned: an interrupt that is raised here is the user's, not a plugin's.
    """
    ended: list[Brought | BaseException] = []

    def run() -> None:
        try:
            ended.append(work())
        except BaseException as error:  # noqa: BLE001 - a plugin may raise anything and harm only itself
            ended.append(error)

    thread = Thread(target=run, name="plugin-import", daemon=True)
    thread.start()
    thread.join(limit_s)
    return ended[0] if ended else TimeoutError(f"it was not imported within {limit_s:g} s")


def _broken(found: Plugin, error: BaseException) -> Plugin:
    plugin = found.broken(reason(error), hint(error))
    log.warning("plugin.failed", plugin=found.name, reason=plugin.problem, exc_info=error)
    return plugin
