"""Data that callers name or send, wired together."""

from __future__ import annotations

from minerva.adapters.metadata import MetadataStores
from minerva.adapters.sources.fetching import Fetching
from minerva.adapters.uploads import FolderStaging, open_finished
from minerva.bootstrap.chance import new_id
from minerva.layers.abstraction.jobs.places import Places
from minerva.layers.abstraction.problems.problem import ProblemOf
from minerva.layers.abstraction.registry.registry import Registry
from minerva.layers.abstraction.training.called import CalledData
from minerva.layers.abstraction.uploads.uploads import UploadLimits, Uploads
from minerva.settings import Loaded


def open_called_data(
    loaded: Loaded, stores: MetadataStores, registry: Registry, problem: ProblemOf
) -> CalledData:
    """Wire the parts; nothing is read or created yet."""
    settings = loaded.settings
    uploads = Uploads(
        store=stores.uploads,
        staging=FolderStaging(loaded.state / "uploads"),
        finished=open_finished(loaded.artefacts_url),
        registry=registry,
        problem=problem,
        limits=UploadLimits(
            settings.max_upload_bytes, settings.upload_quota_bytes, settings.upload_keep_s
        ),
        now=stores.clock.now,
        new_id=new_id,
    )
    places = Places(loaded.workspace, loaded.data_places)
    return CalledData(places, uploads, Fetching(settings.max_upload_bytes))
