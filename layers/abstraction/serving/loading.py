"""From a registered version to a model that has proved itself in this process."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from minerva.algorithm import Algorithm, Context, Model
from minerva.errors import AlgorithmFailed, Fault, InvalidConfiguration, MinervaError
from minerva.layers.abstraction.plugins.catalogue import Catalogue
from minerva.layers.abstraction.registry.manifest import verify
from minerva.layers.abstraction.registry.records import Version
from minerva.layers.abstraction.registry.store import ArtefactStore
from minerva.layers.abstraction.serving.goldens import prove
from minerva.schema import Decoder, Schema

MODEL = "model"
"""The part of a version's folder that belongs to the plugin."""


@dataclass(frozen=True, eq=False)
class LoadedVersion:
    """A version in memory. Its own schema decodes: a newer configuration may ask for other fields."""

    version: Version
    schema: Schema
    decoder: Decoder
    model: Model


@dataclass(frozen=True)
class Loader:
    """Loads versions. `catalogue` is asked each time, so that new plugins are seen."""

    artefacts: ArtefactStore
    catalogue: Callable[[], Catalogue]
    workspace: Path

    def load(self, version: Version) -> LoadedVersion:
        """Fetch, verify, load and prove. Raises the error that says which of these failed."""
        folder = self.artefacts.fetch(version.digest)
        manifest = verify(folder, version.digest)
        schema = Schema.parse(manifest["schema"])
        algorithm = self.catalogue().find(manifest["algorithm"])
        context = Context(
            schema=schema,
            parameters=read_parameters(algorithm, manifest["parameters"]),
            workspace=self.workspace,
        )
        model = _load(algorithm, folder / MODEL, context)
        decoder = Decoder(schema)
        prove(folder, model, decoder)
        return LoadedVersion(version, schema, decoder, model)


def read_parameters(algorithm: Algorithm, declared: dict[str, Any]) -> Any:
    """Turn declared parameters into the algorithm's own type. Raises InvalidConfiguration."""
    try:
        return msgspec.convert(declared, algorithm.Parameters)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        where = "/parameters" + "".join(f"/{step}" for step in re.findall(r"\w+", path))
        known = ", ".join(algorithm.Parameters.__struct_fields__) or "none"
        hint = f"; {algorithm.name} takes {known}" if "unknown field" in message else ""
        raise InvalidConfiguration(
            f"The parameters do not fit algorithm {algorithm.name}.",
            faults=[Fault(where, message.replace("`", "'") + hint)],
        ) from error
    except MinervaError:
        raise
    except Exception as error:
        raise InvalidConfiguration(
            f"Algorithm {algorithm.name} could not read its parameters: {type(error).__name__}.",
            faults=[Fault("/parameters", "the algorithm failed to read them")],
        ) from error


def _load(algorithm: Algorithm, folder: Path, context: Context) -> Model:
    try:
        return algorithm.load(folder, context)
    except MinervaError:
        raise
    except (Exception, SystemExit) as error:
        raise AlgorithmFailed(
            f"Algorithm {algorithm.name} could not load its model: {type(error).__name__}."
        ) from error
