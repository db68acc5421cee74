"""The recurrent networks of the catalogue keep the contract."""

import math
from typing import Any, ClassVar

import numpy as np
import pytest

from minerva.layers.application.catalogue.recurrent import RecurrentForecaster
from minerva.layers.application.catalogue.sequences import RecurrentClassifier, RecurrentRegressor
from minerva.testing import AlgorithmContract

NUMBER: dict[str, Any] = {"type": "number"}
CHANCE = np.random.default_rng(0)
INPUTS: dict[str, Any] = {
    "at": {"type": "number"},
    "load": {**NUMBER, "nullable": True, "window": 3},
    "state": {"type": "category", "values": ["on", "off", "odd"], "window": 3},
    "size": {**NUMBER, "nullable": True},
}
ROWS: list[dict[str, Any]] = [
    {
        "at": float(row),
        **{f"load_{at}": float(CHANCE.normal()) for at in (1, 2, 3)},
        **{f"state_{at}": ["on", "off", "odd"][int(CHANCE.integers(3))] for at in (1, 2, 3)},
        "size": float(CHANCE.normal()),
    }
    for row in range(220)
]


@pytest.fixture(autouse=True)
def no_folder_of_this_process(monkeypatch):
    """PyTorch leaves word to children where its cache is; a fresh process is to have its own."""
    monkeypatch.delenv("TORCHINDUCTOR_CACHE_DIR", raising=False)


class TestRecurrentRegressor(AlgorithmContract):
    algorithm = RecurrentRegressor()
    parameters: ClassVar = {"time": "at", "units": 4, "passes": 3}
    schema: ClassVar = {"inputs": INPUTS, "output": {"y": NUMBER}}
    data: ClassVar = [{**one, "y": one["load_1"] - one["load_3"]} for one in ROWS]


class TestRecurrentClassifier(TestRecurrentRegressor):
    algorithm = RecurrentClassifier()
    schema: ClassVar = {
        "inputs": INPUTS, "output": {"y": {"type": "category", "values": ["a", "b", "c"]}},
    }  # fmt: skip
    data: ClassVar = [{**one, "y": "abc"[int(one["load_1"] > 0)]} for one in ROWS]


class TestRecurrentForecaster(AlgorithmContract):
    algorithm = RecurrentForecaster()
    parameters: ClassVar = {"time": "at", "series": "shop", "units": 4, "window": 6, "passes": 3}
    schema: ClassVar = {
        "inputs": {
            "at": {"type": "timestamp"},
            "shop": {"type": "category", "values": ["north", "south"], "nullable": True},
            "open": {"type": "boolean", "nullable": True},
        },
        "output": {"sold": NUMBER},
    }
    data: ClassVar = [
        {
            "at": f"2026-01-{1 + hour // 24:02}T{hour % 24:02}:00:00Z",
            "shop": shop,
            "open": hour % 24 > 8,
            "sold": 10 + 3 * math.sin(hour / 24 * 2 * math.pi) + float(CHANCE.normal(scale=0.3)),
        }
        for hour in range(150)
        for shop in ("north", "south")
    ]
