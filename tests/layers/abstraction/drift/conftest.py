"""What tests of drift share: chance that is the same each time."""

import numpy as np
import pytest


@pytest.fixture
def generator() -> np.random.Generator:
    """Chance that is the same each time."""
    return np.random.default_rng(20260131)
