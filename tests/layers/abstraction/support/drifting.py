"""Rows of many kinds, whose distributions are known."""

import numpy as np

from minerva.schema import Batch, Schema

CITIES = 200
SCHEMA = Schema.parse(
    {
        "inputs": {
            "normal": {"type": "number"},
            "skewed": {"type": "number", "nullable": True},
            "mostly_zero": {"type": "number"},
            "count": {"type": "integer"},
            "flag": {"type": "boolean"},
            "constant": {"type": "number"},
            "moment": {"type": "timestamp"},
            "plan": {"type": "category", "values": ["tin", "gold", "platinum"]},
            "city": {
                "type": "category",
                "values": [f"c{number}" for number in range(CITIES)],
                "nullable": True,
            },
        },
        "output": {"y": {"type": "number"}},
    }
)


def rows(generator: np.random.Generator, count: int, **shifts: float) -> Batch:
    """Return rows as they always are, apart from fields to which something is added."""
    skewed = generator.lognormal(size=count)
    skewed[generator.random(count) < 0.1] = np.nan
    weights = 1 / np.arange(1, CITIES + 1)
    city = generator.choice(CITIES, size=count, p=weights / weights.sum()).astype(np.int32)
    city[generator.random(count) < 0.005] = -1
    zero = generator.random(count) < 0.95
    columns = {
        "normal": generator.normal(size=count),
        "skewed": skewed,
        "mostly_zero": np.where(zero, 0.0, generator.exponential(size=count)),
        "count": generator.poisson(2, count).astype(float),
        "flag": (generator.random(count) < 0.02).astype(float),
        "constant": np.full(count, 5.0),
        "moment": generator.uniform(1.0e9, 1.1e9, count),
        "plan": generator.choice(3, count, p=[0.9, 0.095, 0.005]).astype(np.int32),
        "city": city,
    }
    for name, shift in shifts.items():
        columns[name] = columns[name] + shift
    return Batch(SCHEMA, columns, count)
