"""Made data whose truth is known, for each kind of output."""

import numpy as np

from minerva import Schema, TrainingData
from minerva.layers.application.xgboost_trees import XGBoostClassifier, XGBoostRegressor
from minerva.schema import Decoder

COLOURS = ["red", "green", "blue", "grey"]
INPUTS = {
    "size": {"type": "number", "nullable": True},
    "colour": {"type": "category", "values": COLOURS, "nullable": True},
    "count [of<parts]": {"type": "integer"},
    "new": {"type": "boolean", "nullable": True},
    "at": {"type": "timestamp", "nullable": True},
    "note": {"type": "text", "use": False},
}
OUTPUTS = {
    "binary": {"type": "category", "values": ["No", "Yes"]},
    "multi": {"type": "category", "values": ["a", "b", "c"]},
    "boolean": {"type": "boolean"},
    "number": {"type": "number"},
    "integer": {"type": "integer"},
}
KINDS = list(OUTPUTS)
QUICK = {"n_estimators": 40, "learning_rate": 0.3}


def declared(kind, inputs=INPUTS):
    return {"inputs": inputs, "output": {"target": OUTPUTS[kind]}}


def algorithm(kind):
    return XGBoostRegressor() if kind in {"number", "integer"} else XGBoostClassifier()


def records(rows, seed=0):
    random = np.random.default_rng(seed)

    def one():
        return {
            "size": None if random.random() < 0.1 else float(random.normal()),
            "colour": None if random.random() < 0.1 else COLOURS[random.integers(3)],  # no grey
            "count [of<parts]": int(random.integers(10)),
            "new": None if random.random() < 0.1 else bool(random.integers(2)),
            "at": "2026-01-31T12:00:00Z",
            "note": "never seen",
        }

    return [one() for _ in range(rows)]


def truth(kind, batch):
    """Size decides, missing counts as large; colour shifts it."""
    score = np.nan_to_num(batch["size"], nan=2.0) + 1.5 * (batch["colour"] == 1)
    match kind:
        case "binary":
            return (score > 0).astype(np.int32)
        case "boolean":
            return (score > 0).astype(np.float64)
        case "multi":
            return np.digitize(score, [-0.3, 0.8]).astype(np.int32)
        case "integer":
            return np.rint(10 * score)
        case _:
            return 10 * score


def data(kind, rows=600, seed=0):
    batch = Decoder(Schema.parse(declared(kind))).records(records(rows, seed))
    return TrainingData(batch, {"target": truth(kind, batch)})
