"""Made tables whose answer is known, and services that learn them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

COLOURS = ["red", "green", "blue"]
QUICK = {"n_estimators": 30, "learning_rate": 0.3, "subsample": 1.0, "colsample_bytree": 1.0}
SCHEMA = {
    "key": "id",
    "inputs": {
        "size": {"type": "number", "nullable": True},
        "colour": {"type": "category", "values": COLOURS, "nullable": True},
        "parts": {"type": "integer", "minimum": 0},
        "note": {"type": "text", "use": False, "nullable": True},
    },
    "output": {"good": {"type": "category", "values": ["No", "Yes"]}},
}


def table(rows: int, seed: int = 0) -> pd.DataFrame:
    """Size and colour decide, with noise; some cells are missing."""
    random = np.random.default_rng(seed)
    size = random.normal(size=rows)
    colour = random.integers(3, size=rows)
    parts = random.integers(10, size=rows)
    score = 1.5 * size + (colour == 1) + 0.2 * parts + random.normal(size=rows)
    frame = pd.DataFrame(
        {
            "id": [f"r-{number}" for number in range(rows)],
            "size": size.round(6),
            "colour": np.array(COLOURS)[colour],
            "parts": parts,
            "note": "never seen",
            "good": np.where(score > 1, "Yes", "No"),
            "worth": (10 * score).round(4),
        }
    )
    frame.loc[random.random(rows) < 0.05, "size"] = np.nan
    return frame


def write_parquet(folder: Path, frame: pd.DataFrame, files: int = 4) -> Path:
    """Write a folder of files, and what other tools leave beside them."""
    folder.mkdir(parents=True)
    for number, part in enumerate(np.array_split(np.arange(len(frame)), files)):
        frame.iloc[part].to_parquet(folder / f"part-{number}.parquet", index=False)
    (folder / "_SUCCESS").write_text("")
    return folder


def service(engine: str | None, data: dict, **parts) -> dict:
    """Return a declaration as YAML reads it."""
    training = {"seed": 3, **parts.pop("training", {})}
    if engine is not None:
        training["engine"] = engine
    return {
        "service": "goods",
        "algorithm": "xgboost.classifier",
        "parameters": QUICK,
        "schema": SCHEMA,
        "data": data,
        "training": training,
        **parts,
    }
