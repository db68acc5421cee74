"""`xgboost.model` keeps the contract, with the schema that the file tells."""

import numpy as np
import pytest
import xgboost

from minerva.layers.application.xgboost_model import XGBoostModel
from minerva.testing import AlgorithmContract

BROUGHT = {"path": "model.ubj"}
NUMBERS = {
    "inputs": {"x": {"type": "number", "nullable": True}},
    "output": {"y": {"type": "number"}},
}


@pytest.fixture(scope="module")
def brought(tmp_path_factory):
    """A workspace with a model that was trained elsewhere."""
    folder = tmp_path_factory.mktemp("brought")
    x = np.linspace(0, 10, 100)[:, np.newaxis]
    rows = xgboost.DMatrix(x, label=x[:, 0] * 2, feature_names=["x"])
    xgboost.train({"objective": "reg:squarederror"}, rows, 3).save_model(folder / "model.ubj")
    return folder


class TestAsTheFileTells(AlgorithmContract):
    algorithm = XGBoostModel()
    parameters = BROUGHT

    @pytest.fixture
    def workspace(self, brought):
        return brought


class TestAsAServiceDeclares(TestAsTheFileTells):
    schema = NUMBERS
