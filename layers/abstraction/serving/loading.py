"""From a registered version to a model that has proved itself in this process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from minerva.algorithm import Algorithm, Context, Model, Twins
from minerva.errors import AlgorithmFailed, MinervaError
from minerva.layers.abstraction.drift.bins import Bins
from minerva.layers.abstraction.drift.stored import read_bins
from minerva.layers.abstraction.plugins.catalogue import Catalogue
from minerva.layers.abstraction.plugins.parameters import read_parameters
from minerva.layers.abstraction.plugins.snapshot import PLUGIN, restore
from minerva.layers.abstraction.registry.manifest import verify
from minerva.layers.abstraction.registry.records import Version
from minerva.layers.abstraction.registry.store import ArtefactStore
from minerva.layers.abstraction.routing.circuit import Circuit
from minerva.layers.abstraction.services.declaration import Batching, Breaker
from minerva.layers.abstraction.serving.contributions import Background
from minerva.layers.abstraction.serving.goldens import prove
from minerva.layers.abstraction.serving.joining import joined
from minerva.layers.abstraction.serving.pause import Joins
from minerva.layers.abstraction.serving.serial import one_at_a_time
from minerva.layers.abstraction.serving.terms import Terms
from minerva.layers.abstraction.serving.twin import (
    EXPLAINS,
    MOST_RECORDS,
    TWIN,
    TwinnedModel,
    twinned,
)
from minerva.layers.abstraction.trust.pickles import refuse_pickles
from minerva.layers.abstraction.trust.signing import Signer
from minerva.schema import Decoder, Schema

log = structlog.get_logger()

MODEL = "model"
"""The part of a version's folder that belongs to the plugin."""

Place = Callable[[Version, Path, Mapping[str, Any], Terms], Model]
"""Puts a version (its folder, its manifest) into a process of its own and returns how to ask it."""


@dataclass(frozen=True, eq=False)
class LoadedVersion:
    """A version in memory. Its own schema decodes: a newer configuration may ask for other fields."""

    version: Version
    schema: Schema
    decoder: Decoder
    model: Model
    terms: Terms = field(default_factory=Terms)
    circuit: Circuit = field(default_factory=lambda: Circuit(Breaker()))
    bins: Bins | None = None
    """How its training rows were spread, for whoever watches for drift; None: it is not watched."""
    background: Background | None = None
    """What its answers are explained by, if the model cannot do so itself."""
    most_together: int = 0
    """So many records of several calls may be asked at once; see `AnswersTogether`."""

    def answers_alike(self, sizes: Sequence[int]) -> bool:
        """Tell whether calls of so many records each are answered together as they are alone."""
        model = self.model
        return sum(sizes) <= self.most_together or (
            isinstance(model, TwinnedModel) and model.many_together(sizes)
        )


@dataclass(frozen=True)
class Loader:
    """Loads versions. `catalogue` is asked each time, so that new plugins are seen."""

    artefacts: ArtefactStore
    catalogue: Callable[[], Catalogue]
    workspace: Path
    signer: Signer
    place: Place
    house_of: Callable[[str], Any] = lambda tenant: None  # noqa: ARG005 - the name is the type's
    """Returns what a tenant's flows are made of."""

    def load(self, version: Version, terms: Terms | None = None) -> LoadedVersion:
        """Fetch, verify, load and prove. Raises the error that says which of these failed."""
        terms = terms or Terms()
        folder = self.artefacts.fetch(version.digest)
        manifest = verify(folder, version.digest, self.signer)
        if not terms.allow_pickle:
            refuse_pickles(folder / MODEL)
        schema = Schema.parse(manifest["schema"])
        decoder = Decoder(schema)
        if needs_process(manifest, terms):
            model = self.place(version, folder, manifest, terms)
            prove(folder, model, decoder)
        else:
            model = self._inline(version, folder, manifest, decoder, terms)
            if terms.batching is not None:
                model = _joined(model, terms.batching, manifest)
        circuit, bins = Circuit(terms.breaker), read_bins(folder, schema)
        background = Background(folder, decoder)
        most = _most_together(model, version)
        beside = (circuit, bins, background, most)
        return LoadedVersion(version, schema, decoder, model, terms, *beside)

    def _inline(
        self,
        version: Version,
        folder: Path,
        manifest: Mapping[str, Any],
        decoder: Decoder,
        terms: Terms,
    ) -> Model:
        """Return what answers in this process: the version's twin first, if it has one."""
        name = manifest["algorithm"]
        carried = (folder / PLUGIN).is_dir()
        algorithm = restore(folder, name) if carried else self.catalogue().find(name)
        context = Context(
            schema=decoder.schema,
            parameters=read_parameters(algorithm, manifest["parameters"]),
            workspace=self.workspace,
            allow_pickle=terms.allow_pickle,
            service=version.service,
            house=self.house_of(version.tenant),
        )

        def original() -> Model:
            model = _load(algorithm, folder / MODEL, context)
            model = model if algorithm.thread_safe else one_at_a_time(model)
            prove(folder, model, decoder)
            _most_together(model, version)
            return model

        most = int(version.metrics.get(MOST_RECORDS, 0))
        twin = _twin(algorithm, folder, context, decoder) if most and TWIN in manifest else None
        if twin is None:
            return original()
        return twinned(twin, original, most, explains=manifest[TWIN][EXPLAINS])


def needs_process(manifest: Mapping[str, Any], terms: Terms) -> bool:
    """Tell whether a version must not run in the process that asks it."""
    if manifest.get("requirements"):
        return True
    return (terms.runtime or manifest["runtime"]) == "process"


def _load(algorithm: Algorithm, folder: Path, context: Context) -> Model:
    try:
        return algorithm.load(folder, context)
    except MinervaError:
        raise
    except (Exception, SystemExit) as error:
        raise AlgorithmFailed(
            f"Algorithm {algorithm.name} could not load its model: {type(error).__name__}."
        ) from error


def _most_together(model: Model, version: Version) -> int:
    most = getattr(model, "most_together", 0)
    if type(most) is not int or most < 0:
        algorithm = version.manifest["algorithm"]
        raise AlgorithmFailed(f"A model of {algorithm} says `most_together`, but no whole number.")
    return most


def _joined(model: Model, batching: Batching, manifest: Mapping[str, Any]) -> Model:
    serial = not manifest.get("thread_safe", True)
    return joined(model, Joins(batching.max_batch, batching.max_wait_ms / 1000, serial))


def _twin(algorithm: Algorithm, folder: Path, context: Context, decoder: Decoder) -> Model | None:
    """Return the proved twin; None if it cannot be had here, and the model must do without."""
    if not isinstance(algorithm, Twins):
        return None
    try:
        twin = algorithm.load_twin(folder / TWIN, context)
        prove(folder, twin, decoder)
    except MinervaError as error:
        log.warning("twin.left_out", algorithm=algorithm.name, reason=error.message)
    except Exception:
        log.exception("twin.left_out", algorithm=algorithm.name, reason="It failed to load.")
    else:
        return twin
    return None
