"""Models that were trained elsewhere, and a workspace to bring them to."""

import numpy as np
import xgboost

COLOURS = ["red", "green", "blue"]
INPUTS = {
    "size": {"type": "number", "nullable": True},
    "colour": {"type": "category", "values": COLOURS, "nullable": True},
    "note": {"type": "text", "use": False},
}
YES_NO = {"type": "category", "values": ["No", "Yes"]}
THREE = {"type": "category", "values": ["a", "b", "c"]}
BOOLEAN = {"type": "boolean"}
NUMBER = {"type": "number"}
RANDOM = np.random.default_rng(0)
X = np.stack([RANDOM.normal(size=300), RANDOM.integers(0, 3, 300)], axis=1).astype(np.float32)
X[::7, 0] = np.nan
SCORE = np.nan_to_num(X[:, 0]) + X[:, 1]
LABELS = {"multi": np.digitize(SCORE, [0.5, 1.5]), "count": np.abs(np.rint(SCORE))}
RECORDS = [
    {
        "size": None if np.isnan(size) else float(size),
        "colour": COLOURS[int(code)],
        "note": "unused",
    }
    for size, code in X
]


def declared(output, inputs=INPUTS):
    return {"inputs": inputs, "output": {"target": output}}


def booster(objective="binary:logistic", names=("size", "colour"), **settings):
    family = objective.partition(":")[0]
    labels = LABELS.get(family, SCORE > 0.5 if family == "binary" else SCORE)
    if objective in {"reg:gamma", "reg:tweedie"}:
        labels = np.abs(SCORE) + 0.1
    if objective == "reg:logistic":
        labels = SCORE > 0.5
    rows = xgboost.DMatrix(
        X[:, : len(names)] if names else X,
        label=labels,
        feature_names=list(names) if names else None,
        feature_types=settings.pop("types", ["q", "c"]),
    )
    if family == "multi":
        settings.setdefault("num_class", 3)
    return xgboost.train({"objective": objective, "nthread": 1, **settings}, rows, 8)


def sigmoid(margin):
    return 1 / (1 + np.exp(-margin.astype(np.float64)))
