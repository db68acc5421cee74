"""Rows that models of every library are trained on, and the same rows as records of a service."""

import numpy as np
import pandas as pd

COLOURS = ["blue", "green", "red"]
RANDOM = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "size": RANDOM.normal(size=300).astype(np.float32).astype(float),
        "colour": RANDOM.choice(COLOURS, 300),
        "count": RANDOM.integers(0, 5, 300).astype(float),
    }
)
HOLED = FRAME.assign(size=FRAME["size"].mask(np.arange(300) % 7 == 0))
SCORE = FRAME["size"].to_numpy() + (FRAME["colour"] == "red").to_numpy() + FRAME["count"] / 4
LABELS = np.where(SCORE > 1, "Yes", "No")
THREE = np.array(["a", "b", "c"])[np.digitize(SCORE, [0.5, 1.5])]
NUMBERS = FRAME[["size", "count"]].to_numpy()

INPUTS = {
    "size": {"type": "number", "nullable": True},
    "colour": {"type": "category", "values": COLOURS},
    "count": {"type": "number"},
}
NUMERIC = {"size": {"type": "number"}, "count": {"type": "number"}}
YES_NO = {"type": "category", "values": ["No", "Yes"]}
ABC = {"type": "category", "values": ["a", "b", "c"]}
BOOLEAN = {"type": "boolean"}
NUMBER = {"type": "number"}


def declared(output, inputs=INPUTS):
    return {"inputs": inputs, "output": {"target": output}}


def records(frame):
    """The rows of a DataFrame as a caller sends them."""
    return [
        {name: None if pd.isna(value) else value for name, value in row.items()}
        for row in frame.to_dict("records")
    ]
