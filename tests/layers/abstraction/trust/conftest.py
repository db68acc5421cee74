"""What tests of trust share: where things come from, and where they go to."""

import pytest


@pytest.fixture
def inbox(tmp_path):
    """Where archives come from."""
    (tmp_path / "inbox").mkdir()
    return tmp_path / "inbox"


@pytest.fixture
def target(tmp_path):
    """Where the archive shall be unpacked to; its parent holds nothing else."""
    return tmp_path / "versions" / "model"
