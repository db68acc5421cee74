"""The artefact store: folders under their content address, in a local folder or at any fsspec URL."""

from minerva.adapters.artefacts.opening import open_artefacts

__all__ = ["open_artefacts"]
