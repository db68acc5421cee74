"""A bench for steps that hand files on."""

import pytest

from minerva.layers.abstraction.flows.volume import RequestVolume

from .places_cases import Bench


@pytest.fixture
def places(tmp_path):
    """Runs steps on events in a small city."""
    return Bench(RequestVolume(tmp_path, run="0" * 32, quota_mb=64))
