"""MLflow: keeps the model as an MLflow model whose signature names and types every field.

Run: python mlflow_model.py FOLDER
"""

from __future__ import annotations

import os
import sys

import mlflow.xgboost
import xgboost
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema

if __name__ == "__main__":
    booster = xgboost.Booster(model_file=os.environ["MODEL"])
    inputs = Schema([ColSpec("double", f"f{number}") for number in range(30)])
    signature = ModelSignature(inputs, Schema([ColSpec("float")]))
    mlflow.xgboost.save_model(booster, sys.argv[1], signature=signature, model_format="ubj")
