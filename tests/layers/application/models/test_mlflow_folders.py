"""Folders as MLflow 3 makes them are read, described and answered; what holds code is refused."""

import pytest

from minerva import InvalidData
from minerva.layers.application.models.mlflow_model import MLflow

from .mlflow_folders import ANSWERS, COLOURED, NUMERIC, asked, bring_folder
from .tables import BOOLEAN, NUMBER, YES_NO

ANY = {name: {**field, "nullable": True} for name, field in NUMERIC.items()}
READ = [
    # folder, what it says of its inputs and its output, which libraries
    ("scikit-learn", COLOURED, YES_NO, ["scikit-learn==1.9.1", "skops==0.16.0"]),
    ("xgboost-booster", NUMERIC, NUMBER, ["xgboost-cpu==3.2.0"]),
    ("xgboost-wrapper", NUMERIC, BOOLEAN, ["xgboost-cpu==3.2.0"]),
    ("lightgbm-booster", NUMERIC, NUMBER, ["lightgbm==4.7.0"]),
    ("lightgbm-wrapper", ANY, YES_NO, ["lightgbm==4.7.0", "skops==0.16.0"]),
    ("onnx", NUMERIC, NUMBER, ["onnxruntime==1.32.0"]),
]


@pytest.mark.parametrize(("folder", "inputs", "output", "libraries"), READ)
def test_a_folder_is_described_and_answers_as_its_library_does(
    brought, tmp_path, folder, inputs, output, libraries
):
    bring_folder(folder, tmp_path)
    service = brought(MLflow(), folder, output, inputs)

    told = service.inspect()

    assert (told.inputs, told.output) == (inputs, output)
    assert told.requirements == libraries
    answer = service.answer(asked(inputs))
    assert answer == pytest.approx(ANSWERS[folder], abs=1e-6)


def test_a_pickle_is_refused_until_it_is_allowed(brought, tmp_path):
    bring_folder("scikit-learn-pickle", tmp_path)
    service = brought(MLflow(), "scikit-learn-pickle", YES_NO, NUMERIC)

    with pytest.raises(InvalidData, match=r"model\.pkl is a pickle, .*`minerva import --allow-"):
        service.train()

    answer = service.answer(asked(NUMERIC), allow_pickle=True)
    assert answer == pytest.approx(ANSWERS["scikit-learn-pickle"], abs=1e-12)


def test_code_alone_is_no_model_whatever_is_allowed(brought, tmp_path):
    bring_folder("python-function", tmp_path)

    with pytest.raises(InvalidData, match="python_function alone, which is Python code"):
        brought(MLflow(), "python-function", NUMBER, NUMERIC).train(allow_pickle=True)
