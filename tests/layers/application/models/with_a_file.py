"""The contract for algorithms that are given a trained model: the module's `brought` holds the files."""

import pytest

from minerva.testing import AlgorithmContract


class WithAFile(AlgorithmContract):
    """Subclasses name an algorithm and the `parameters` that say where its file is."""

    @pytest.fixture
    def workspace(self, brought):
        return brought


def named(path):
    """Return the parameters that name a file."""
    return {"path": path}
