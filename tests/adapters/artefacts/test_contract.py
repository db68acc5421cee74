"""Every artefact store does what the port promises."""

from __future__ import annotations

import uuid

import pytest

from minerva.adapters.artefacts import open_artefacts
from minerva.testing.adapters import ArtefactStoreContract


class TestPlainPath(ArtefactStoreContract):
    @pytest.fixture
    def store(self, tmp_path):
        return open_artefacts(str(tmp_path / "store"), tmp_path / "cache")


class TestFileUrl(ArtefactStoreContract):
    @pytest.fixture
    def store(self, tmp_path):
        return open_artefacts((tmp_path / "store").as_uri(), tmp_path / "cache")


class TestObjectStore(ArtefactStoreContract):
    @pytest.fixture
    def store(self, tmp_path):
        return open_artefacts(f"memory://{uuid.uuid4().hex}", tmp_path / "cache")


class TestRemoteFolder(ArtefactStoreContract):
    """A store reached through an fsspec wrapper, so that its paths are not local ones to us."""

    @pytest.fixture
    def store(self, tmp_path):
        return open_artefacts(f"dir::file://{tmp_path / 'store'}", tmp_path / "cache")
