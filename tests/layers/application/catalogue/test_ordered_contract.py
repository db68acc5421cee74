"""The algorithms in which inputs play a part keep the contract: forecasts, likings, orders, densities, actions."""

import math
from typing import Any, ClassVar

import numpy as np

from minerva.layers.application.catalogue.bandit import LinearBandit
from minerva.layers.application.catalogue.forecaster import Forecaster
from minerva.layers.application.catalogue.hotspots import KernelDensity
from minerva.layers.application.catalogue.ranker import PairwiseRanker
from minerva.layers.application.catalogue.recommender import Recommender
from minerva.testing import AlgorithmContract

NUMBER: dict[str, Any] = {"type": "number"}
CHANCE = np.random.default_rng(0)
USERS, ITEMS = [f"u{n}" for n in range(12)], [f"i{n}" for n in range(15)]


class TestForecaster(AlgorithmContract):
    algorithm = Forecaster()
    parameters: ClassVar = {"time": "at", "series": "shop"}
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


class TestForecasterWithItsInterval(TestForecaster):
    parameters: ClassVar = {"time": "at", "series": "shop", "scale": "log", "lags": 0}
    schema: ClassVar = {
        **TestForecaster.schema,
        "output": {"sold": NUMBER, "low": NUMBER, "high": NUMBER},
    }
    data: ClassVar = [{**one, "low": 0.0, "high": 0.0} for one in TestForecaster.data]


class TestRecommender(AlgorithmContract):
    algorithm = Recommender()
    parameters: ClassVar = {"user": "who", "item": "what"}
    schema: ClassVar = {
        "inputs": {"who": {"type": "text"}, "what": {"type": "category", "values": ITEMS}},
        "output": {"stars": NUMBER},
    }
    data: ClassVar = [
        {"who": who, "what": what, "stars": float((at + place) % 5 + 1)}
        for at, who in enumerate(USERS)
        for place, what in enumerate(ITEMS)
        if (at * place) % 3
    ]


class TestRecommenderOfWhatWasTaken(TestRecommender):
    schema: ClassVar = {**TestRecommender.schema, "output": {"taken": {"type": "boolean"}}}
    data: ClassVar = [
        {"who": one["who"], "what": one["what"], "taken": True} for one in TestRecommender.data
    ]


class TestPairwiseRanker(AlgorithmContract):
    algorithm = PairwiseRanker()
    parameters: ClassVar = {"group": "query"}
    schema: ClassVar = {
        "inputs": {
            "query": {"type": "text"},
            "match": {**NUMBER, "nullable": True},
            "kind": {"type": "category", "values": ["news", "shop"]},
        },
        "output": {"relevance": NUMBER},
    }
    data: ClassVar = [
        {
            "query": f"q{row // 8}",
            "match": float(row % 8),
            "kind": "shop" if row % 3 else "news",
            "relevance": float(row % 8 // 3),
        }
        for row in range(160)
    ]


class TestKernelDensity(AlgorithmContract):
    algorithm = KernelDensity()
    schema: ClassVar = {
        "inputs": {"x": NUMBER, "y": {**NUMBER, "nullable": True}},
        "output": {"dense": NUMBER, "hot": {"type": "boolean"}},
    }
    data: ClassVar = [
        {"x": float(x), "y": float(y), "dense": 0.0, "hot": False}
        for x, y in CHANCE.normal(size=(100, 2))
    ]


class TestKernelDensityOnTheEarth(TestKernelDensity):
    parameters: ClassVar = {"longitude": "x", "latitude": "y"}


class TestLinearBandit(AlgorithmContract):
    algorithm = LinearBandit()
    schema: ClassVar = {
        "inputs": {"age": {**NUMBER, "nullable": True}, "new": {"type": "boolean"}},
        "output": {"offer": {"type": "category", "values": ["a", "b", "c"]}, "gain": NUMBER},
    }
    data: ClassVar = [
        {
            "age": float(row % 50),
            "new": row % 2 == 0,
            "offer": "abc"[row % 3],
            "gain": float((row % 3 == 0) == (row % 2 == 0)),
        }
        for row in range(150)
    ]
