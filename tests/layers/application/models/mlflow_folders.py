"""Folders that MLflow made itself, with what each model's own library answers (data/mlflow/README.md)."""

import json
import shutil
from pathlib import Path

import numpy as np

FOLDERS = Path(__file__).parent / "data" / "mlflow"
TOLD = json.loads((FOLDERS / "answers.json").read_text())
RECORDS = TOLD["records"]
ANSWERS = {name: np.array(answer) for name, answer in TOLD["answers"].items()}
NUMERIC = {"size": {"type": "number"}, "count": {"type": "integer"}}
COLOURED = {
    "size": {"type": "number"},
    "colour": {"type": "category", "values": ["blue", "red"]},
    "count": {"type": "integer"},
}


def bring_folder(name, workspace):
    """Copy one of them into a workspace, under the same name."""
    return shutil.copytree(FOLDERS / name, workspace / name)


def asked(inputs):
    """The records, with those fields only."""
    return [{name: record[name] for name in inputs} for record in RECORDS]
