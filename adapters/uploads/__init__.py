"""The bytes of uploads: those that are coming in a local folder, whole ones beside the artefacts."""

from minerva.adapters.uploads.finished import open_finished
from minerva.adapters.uploads.staging import FolderStaging

__all__ = ["FolderStaging", "open_finished"]
