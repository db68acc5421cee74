"""The kinds of jobs that this installation knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from minerva.adapters.exporting.output import FileOutput
from minerva.layers.abstraction.exporting.kind import Exporting
from minerva.layers.abstraction.jobs.kind import Kind, Kinds
from minerva.layers.abstraction.jobs.plugin_kind import PluginKind
from minerva.layers.abstraction.jobs.trained_first import TrainedFirst
from minerva.layers.abstraction.jobs.training import Training
from minerva.layers.abstraction.plugins.catalogue import Catalogue
from minerva.layers.abstraction.profiling.kind import Profiling
from minerva.layers.abstraction.reproducing.kind import Reproducing
from minerva.layers.abstraction.training.called import CalledData
from minerva.layers.abstraction.training.versioning import Versioning
from minerva.layers.abstraction.webhooks.delivering import Delivering


def built_in(
    versioning: Versioning, called: CalledData, first: TrainedFirst, delivering: Delivering
) -> Kinds:
    """Return name → kind of those that come with Minerva."""
    kinds: tuple[Kind, ...] = (
        Training(versioning, called, first),
        _profiling(versioning, called),
        _exporting(versioning, called),
        Reproducing(versioning),
        delivering,
    )
    return {kind.name: kind for kind in kinds}


def _profiling(versioning: Versioning, called: CalledData) -> Profiling:
    return Profiling(
        versioning.registry.configurations, called, versioning.open_source, versioning.environment
    )


def _exporting(versioning: Versioning, called: CalledData) -> Exporting:
    signer = versioning.trainer.signer
    return Exporting(versioning.registry, versioning.artefacts, signer, called.places, FileOutput())


class AllKinds:
    """Built-in kinds, and those of plugins as they are at the moment."""

    def __init__(self, kinds: Kinds, catalogue: Callable[[], Catalogue], workspace: Path) -> None:
        self._kinds = kinds
        self._catalogue = catalogue
        self._workspace = workspace

    def __call__(self) -> Mapping[str, Kind]:
        """Return name → kind; no plugin takes the place of a built-in one."""
        brought = self._catalogue().job_kinds()
        plugins = {name: PluginKind(kind, self._workspace) for name, kind in brought.items()}
        return {**plugins, **self._kinds}
