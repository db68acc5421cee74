"""Each algorithm that is given a trained model keeps the contract, with the schema that the file tells."""

import joblib
import lightgbm
import onnx
import pytest
import skops.io
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression

from minerva.layers.application.models.lightgbm_model import LightGBM
from minerva.layers.application.models.mlflow_model import MLflow
from minerva.layers.application.models.onnx_model import Onnx
from minerva.layers.application.models.sklearn_model import Sklearn

from . import onnx_files
from .mlflow_folders import bring_folder
from .tables import FRAME, HOLED, LABELS, SCORE
from .with_a_file import WithAFile, named

TABLE = HOLED[["size", "count"]]
pytestmark = pytest.mark.filterwarnings("ignore::minerva.testing.Advice")


@pytest.fixture(scope="module")
def brought(tmp_path_factory):
    """A workspace with a model of each kind."""
    folder = tmp_path_factory.mktemp("brought")
    onnx.save(onnx_files.table_classifier(), folder / "classes.onnx")
    onnx.save(onnx_files.by_field(), folder / "fields.onnx")
    skops.io.dump(HistGradientBoostingRegressor(max_iter=9).fit(TABLE, SCORE), folder / "m.skops")
    numeric = FRAME[["size", "count"]]
    joblib.dump(LogisticRegression().fit(numeric, LABELS), folder / "m.pkl")
    rows = lightgbm.Dataset(TABLE, LABELS == "Yes")
    lightgbm.train({"objective": "binary", "verbose": -1, "num_threads": 1}, rows, 9).save_model(
        folder / "m.txt"
    )
    bring_folder("xgboost-wrapper", folder)
    return folder


class TestOnnxClassifier(WithAFile):
    algorithm = Onnx()
    parameters = named("classes.onnx")


class TestOnnxOfFields(WithAFile):
    algorithm = Onnx()
    parameters = named("fields.onnx")


class TestSklearn(WithAFile):
    algorithm = Sklearn()
    parameters = named("m.skops")


class TestSklearnPickle(WithAFile):
    algorithm = Sklearn()
    parameters = named("m.pkl")
    allow_pickle = True


class TestLightGBM(WithAFile):
    algorithm = LightGBM()
    parameters = named("m.txt")


class TestMLflow(WithAFile):
    algorithm = MLflow()
    parameters = named("xgboost-wrapper")
