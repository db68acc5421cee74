"""BentoML: a service of two workers whose input is an array of a declared type and shape, no access log."""

from __future__ import annotations

import os
from typing import Annotated

import bentoml
import numpy as np
import xgboost
from bentoml.validators import DType, Shape


@bentoml.service(workers=2, logging={"access": {"enabled": False}})
class Risk:
    """The model behind BentoML."""

    def __init__(self) -> None:
        """Load the model; once in each worker."""
        self.booster = xgboost.Booster(model_file=os.environ["MODEL"])

    @bentoml.api
    def predict(self, rows: Annotated[np.ndarray, DType("float32"), Shape((-1, 30))]) -> np.ndarray:
        """Return the chance of `yes` for each row."""
        answered: np.ndarray = self.booster.inplace_predict(rows)
        return answered
