"""Batch prediction, wired together."""

from __future__ import annotations

from minerva.adapters.batch.inputs import FileInputs
from minerva.adapters.batch.opening import BatchPlaces
from minerva.adapters.batch.query import SqlQuery
from minerva.adapters.metadata import MetadataStores
from minerva.layers.abstraction.batch.checking import Checking
from minerva.layers.abstraction.batch.kinds import BatchKind, BatchPartKind, Scoring
from minerva.layers.abstraction.jobs.kind import Kind
from minerva.layers.abstraction.jobs.places import Places
from minerva.layers.abstraction.training.versioning import Versioning
from minerva.settings import Loaded


def batch_kinds(loaded: Loaded, stores: MetadataStores, versioning: Versioning) -> dict[str, Kind]:
    """Return the kinds `batch` and `batch.part` by their names."""
    scoring = _scoring(loaded, stores, versioning)
    kinds: tuple[Kind, ...] = (BatchKind(scoring), BatchPartKind(scoring))
    return {kind.name: kind for kind in kinds}


def _scoring(loaded: Loaded, stores: MetadataStores, versioning: Versioning) -> Scoring:
    batch = loaded.state / "batch"
    timeout_s = loaded.settings.database_timeout_s
    places = BatchPlaces(loaded.workspace, batch, versioning.environment, timeout_s)
    checking = Checking(
        versioning.registry,
        Places(loaded.workspace, loaded.data_places),
        FileInputs(),
        places.output,
        loaded.workspace,
        versioning.environment,
    )
    query = SqlQuery(versioning.open_source, versioning.environment)
    return Scoring(checking, versioning.loader, stores.jobs, places.staging, query)
