"""`minerva import` of folders that MLflow made: the signature becomes the schema, requirements an environment."""

import json
import shutil
import sys
import zipfile
from pathlib import Path

import pytest
import xgboost
import yaml

from minerva.layers.abstraction.services.parsing import parse_file

FOLDERS = Path(__file__).parents[2] / "layers/application/models/data/mlflow"
ACME = """
import numpy as np

class Threshold:
    classes_ = np.array(["low", "middle", "high"])
    n_features_in_ = 2
    feature_names_in_ = np.array(["size", "count"])

    def predict(self, rows):
        return self.classes_[np.digitize(rows["size"], [2.0, 3.0])]
"""
PICKLE = b"\x80\x04cacme_models\nThreshold\n)\x81."
"""An instance of that class."""
METADATA = "Metadata-Version: 2.1\nName: acme-models\nVersion: 1.0\n"
WHEEL = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


@pytest.fixture
def workspace(minerva, tmp_path):
    minerva("init")
    return tmp_path


@pytest.fixture
def elsewhere(tmp_path_factory):
    return tmp_path_factory.mktemp("elsewhere")


def declared(workspace, name):
    return parse_file(workspace / "services" / f"{name}.yaml", lambda _: None)


def test_the_signature_and_the_model_become_the_schema(minerva, workspace):
    done = minerva(
        "import", FOLDERS / "xgboost-wrapper", "--service", "churn", "--output", "churn=No,Yes"
    )

    assert done.exit_code == 0, done.output
    schema = declared(workspace, "churn").schema
    assert {name: field.type.value for name, field in schema.inputs.items()} == {
        "size": "number", "count": "integer",
    }  # fmt: skip
    assert schema.output["churn"].values == ("No", "Yes")


def test_an_onnx_model_in_the_folder_is_not_taken_for_the_whole(minerva, workspace):
    done = minerva("import", FOLDERS / "onnx", "--service", "price")

    assert done.exit_code == 0, done.output
    assert declared(workspace, "price").algorithm == "mlflow.model"


@pytest.mark.parametrize("folder", ["scikit-learn-pickle", "pytorch-pickle", "python-function"])
def test_a_pickle_is_refused_with_what_to_do(minerva, workspace, folder):
    done = minerva("import", FOLDERS / folder, "--service", "churn")

    assert done.exit_code == 1
    assert "pickle can run any code: save the model in a format without code" in done.stderr
    assert "`minerva import --allow-pickle`" in done.stderr
    assert not (workspace / "models").exists()
    assert not list((workspace / "services").glob("churn*"))


def test_code_that_only_mlflow_runs_is_refused_even_if_pickles_are_allowed(minerva, workspace):
    done = minerva("import", FOLDERS / "python-function", "--service", "churn", "--allow-pickle")

    assert done.exit_code == 1
    assert "log the model as one of onnx, xgboost" in done.stderr


@pytest.fixture
def of_other_versions(elsewhere):
    """A function (requirements) that returns a folder with a model of XGBoost."""

    def make(*lines):
        folder = shutil.copytree(FOLDERS / "xgboost-booster", elsewhere / "run")
        (folder / "requirements.txt").write_text("\n".join(lines))
        return folder

    return make


def test_libraries_that_are_here_need_no_environment(minerva, workspace, of_other_versions):
    here = f"xgboost=={xgboost.__version__}"  # the wheel for graphics cards, whose code is the same
    folder = of_other_versions("mlflow==3.17.2", "pandas==1.0.0", "psutil==0.1", here)

    done = minerva("import", folder, "--service", "price")

    assert done.exit_code == 0, done.output
    assert "Preparing" not in done.stderr
    assert declared(workspace, "price").requirements == ()


@pytest.fixture
def with_a_library_of_their_own(elsewhere, monkeypatch):
    """A folder with a pickle of a type that is in no package here, but in one that can be installed."""
    wheels = elsewhere / "wheels"
    wheels.mkdir()
    record = "".join(f"acme_models-1.0.dist-info/{name},,\n" for name in ("METADATA", "RECORD"))
    with zipfile.ZipFile(wheels / "acme_models-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("acme_models.py", ACME)
        wheel.writestr("acme_models-1.0.dist-info/METADATA", METADATA)
        wheel.writestr("acme_models-1.0.dist-info/WHEEL", WHEEL)
        wheel.writestr("acme_models-1.0.dist-info/RECORD", f"acme_models.py,,\n{record}")
    for tool in ("UV", "PIP"):
        monkeypatch.setenv(f"{tool}_FIND_LINKS", str(wheels))
        monkeypatch.setenv(f"{tool}_NO_INDEX", "1")
    return _folder(elsewhere)


def _folder(elsewhere):
    folder = elsewhere / "run"
    folder.mkdir()
    (folder / "model.pkl").write_bytes(PICKLE)
    columns = [{"type": "double", "name": name} for name in ("size", "count")]
    (folder / "MLmodel").write_text(
        yaml.safe_dump(
            {
                "flavors": {"sklearn": {"pickled_model": "model.pkl"}, "python_function": {}},
                "signature": {"inputs": json.dumps(columns), "outputs": "[]"},
            }
        )
    )
    (folder / "requirements.txt").write_text("mlflow==3.17.2\nacme-models==1.0")
    return folder


def test_requirements_become_an_environment_in_which_the_model_is_read(
    minerva, workspace, with_a_library_of_their_own
):
    done = minerva(
        "import", with_a_library_of_their_own, "--service", "sizes", "--output", "size_class",
        "--allow-pickle",
    )  # fmt: skip

    assert done.exit_code == 0, done.output
    assert done.stderr.count("Preparing an environment with acme-models==1.0") == 1
    service = declared(workspace, "sizes")
    assert service.requirements == ("acme-models==1.0",)
    assert service.schema.output["size_class"].values == ("low", "middle", "high")  # only it knows
    (python,) = (workspace / ".minerva" / "environments").glob("*/bin/python")
    assert "acme_models" not in sys.modules
    assert list(python.parents[1].rglob("acme_models.py"))


def test_requirements_that_cannot_be_had_refuse_the_import(
    minerva, workspace, with_a_library_of_their_own
):
    requirements = with_a_library_of_their_own / "requirements.txt"
    requirements.write_text("acme-models==2.0")

    done = minerva(
        "import", with_a_library_of_their_own, "--service", "sizes", "--allow-pickle"
    )  # fmt: skip

    assert done.exit_code == 2
    assert "acme-models" in done.stderr
    assert not (workspace / "models").exists()
