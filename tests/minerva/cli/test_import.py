"""`minerva import`: from a model file to a service, or to nothing at all."""

import json
import os
import pickle
import shlex
import tarfile
import zipfile

import numpy as np
import pytest
import xgboost
import yaml
from waiting import wait_until

from minerva.layers.abstraction.services.parsing import parse_file

RANDOM = np.random.default_rng(0)
ROWS = RANDOM.normal(size=(200, 2)).astype(np.float32)
TARGET = ROWS[:, 0] - ROWS[:, 1]
SERVED_WITHIN_S = 120


def trees(path, names=("tenure", "fee"), objective="reg:squarederror", rounds=3):
    labels = TARGET > 0 if objective == "binary:logistic" else TARGET
    rows = xgboost.DMatrix(ROWS[:, : len(names)], label=labels, feature_names=list(names))
    model = xgboost.train({"nthread": 1, "objective": objective}, rows, rounds)
    model.save_model(path)
    return model


@pytest.fixture
def workspace(minerva, tmp_path):
    minerva("init")
    return tmp_path


@pytest.fixture
def elsewhere(tmp_path_factory):
    return tmp_path_factory.mktemp("elsewhere")


@pytest.fixture
def untouched(workspace):
    """A function that fails if anything was left in models/ or changed in services/."""
    before = {}

    def look():
        return {
            path.relative_to(workspace): path.read_bytes() if path.is_file() else None
            for folder in ("models", "services")
            for path in (workspace / folder).rglob("*")
        }

    before.update(look())
    return lambda: (
        look() == before
        and (workspace / "models").exists()
        == any(str(path).startswith("models") for path in before)
    )


def declared(workspace, name="price"):
    return parse_file(workspace / "services" / f"{name}.yaml", lambda _: None)


def test_a_service_is_made_of_what_the_file_says(minerva, workspace, elsewhere):
    trees(elsewhere / "best.ubj")

    done = minerva("import", elsewhere / "best.ubj", "--service", "price", "--output", "price")

    assert done.exit_code == 0, done.output
    service = declared(workspace)
    assert service.algorithm == "xgboost.model"
    assert list(service.schema.features) == ["tenure", "fee"]
    assert list(service.schema.output) == ["price"]
    model = workspace / service.parameters["path"]
    assert model.read_bytes() == (elsewhere / "best.ubj").read_bytes()
    assert model.parent.parent == workspace / "models" / "price"
    assert len(model.parent.name) == 12
    assert "tenure, fee" in done.stdout
    assert "Check:\n  XGBoost takes missing values" in done.stdout
    assert (
        "# check: XGBoost takes missing values"
        in (workspace / "services" / "price.yaml").read_text()
    )
    assert "minerva predict price --set tenure=1 --set fee=1" in done.stdout
    assert [one.name for one in (workspace / "models").iterdir()] == ["price"]


def test_the_output_is_named_and_typed_as_wanted(minerva, workspace, elsewhere):
    trees(elsewhere / "best.json", objective="binary:logistic")

    done = minerva(
        "import", elsewhere / "best.json", "--service", "price", "--output", "churn=No,Yes"
    )

    assert done.exit_code == 0, done.output
    field = declared(workspace).schema.output["churn"]
    assert (field.type, field.values) == ("category", ("No", "Yes"))


def test_an_output_without_a_name_is_misuse(minerva, workspace, elsewhere, untouched):
    trees(elsewhere / "best.ubj")

    done = minerva("import", elsewhere / "best.ubj", "--service", "price", "--output", "=a,b")

    assert done.exit_code == 2
    assert "--output takes" in done.stderr
    assert untouched()


def test_an_existing_service_is_pointed_at_the_new_file(minerva, workspace, elsewhere):
    trees(elsewhere / "one.ubj")
    minerva("import", elsewhere / "one.ubj", "--service", "price")
    file = workspace / "services" / "price.yaml"
    mine = file.read_text().replace("    tenure:", "    # months\n    tenure:")
    file.write_text(mine)
    first = declared(workspace).parameters["path"]
    trees(elsewhere / "two.ubj", rounds=9)

    done = minerva("import", elsewhere / "two.ubj", "--service", "price")

    assert done.exit_code == 0, done.output
    second = declared(workspace).parameters["path"]
    assert file.read_text() == mine.replace(first, second)
    assert (workspace / first).exists()
    assert (workspace / second).read_bytes() == (elsewhere / "two.ubj").read_bytes()


def test_the_same_file_twice_changes_nothing(minerva, workspace, elsewhere, untouched):
    trees(elsewhere / "one.ubj")
    minerva("import", elsewhere / "one.ubj", "--service", "price")
    before = sorted(workspace.rglob("models/**/*"))

    assert minerva("import", elsewhere / "one.ubj", "--service", "price").exit_code == 0

    assert sorted(workspace.rglob("models/**/*")) == before


def test_a_model_of_another_schema_is_refused_with_what_differs(minerva, workspace, elsewhere):
    trees(elsewhere / "one.ubj")
    minerva("import", elsewhere / "one.ubj", "--service", "price")
    text = (workspace / "services" / "price.yaml").read_text()
    models = sorted((workspace / "models").rglob("*"))
    trees(elsewhere / "two.ubj", names=("tenure", "weight"))

    done = minerva("import", elsewhere / "two.ubj", "--service", "price")

    assert done.exit_code == 2
    assert "does not fit service price; nothing was changed" in done.stderr
    assert "the model's feature 2 is 'weight'" in done.stderr
    assert (workspace / "services" / "price.yaml").read_text() == text
    assert sorted((workspace / "models").rglob("*")) == models


def test_a_service_of_another_algorithm_is_left_alone_unless_forced(minerva, workspace, elsewhere):
    trees(elsewhere / "one.ubj")
    file = workspace / "services" / "price.yaml"
    file.write_text(yaml.safe_dump({
        "service": "price", "algorithm": "constant", "parameters": {"answer": {"price": 7}},
        "schema": {"inputs": {"a": {"type": "number"}}, "output": {"price": {"type": "number"}}},
    }))  # fmt: skip
    mine = file.read_text()

    refused = minerva("import", elsewhere / "one.ubj", "--service", "price")

    assert refused.exit_code == 1
    assert "answered by constant" in refused.stderr
    assert file.read_text() == mine
    assert minerva("import", elsewhere / "one.ubj", "--service", "price", "--force").exit_code == 0
    assert declared(workspace).algorithm == "xgboost.model"


def test_options_of_a_new_service_are_refused_for_one_that_is_there(minerva, workspace, elsewhere):
    trees(elsewhere / "one.ubj")
    minerva("import", elsewhere / "one.ubj", "--service", "price")

    done = minerva("import", elsewhere / "one.ubj", "--service", "price", "--output", "cost")

    assert done.exit_code == 1
    assert "leave --output and --set out" in done.stderr


def test_a_broken_service_file_is_left_alone(minerva, workspace, elsewhere, untouched):
    trees(elsewhere / "one.ubj")
    (workspace / "services" / "price.yaml").write_text("service: [")

    done = minerva("import", elsewhere / "one.ubj", "--service", "price")

    assert done.exit_code == 1
    assert "mend it, or --force" in done.stderr
    assert not (workspace / "models").exists()


@pytest.mark.parametrize("kept", [0.5, 0.99])
@pytest.mark.parametrize("kind", ["xgboost", "lightgbm", "onnx"])
def test_a_truncated_file_is_refused_and_leaves_nothing(
    minerva, workspace, elsewhere, untouched, kind, kept
):
    whole, cut = elsewhere / "whole", elsewhere / "model.bin"
    if kind == "xgboost":
        whole = elsewhere / "whole.ubj"
        trees(whole)
    elif kind == "lightgbm":
        import lightgbm

        lightgbm.train({"verbose": -1}, lightgbm.Dataset(ROWS, TARGET), 3).save_model(whole)
    else:
        import onnx
        from onnx import TensorProto, helper, numpy_helper

        graph = helper.make_graph(
            [helper.make_node("MatMul", ["X", "W"], ["y"])], "g",
            [helper.make_tensor_value_info("X", TensorProto.FLOAT, [None, 2])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 1])],
            [numpy_helper.from_array(np.ones((2, 1), np.float32), "W")],
        )  # fmt: skip
        onnx.save(helper.make_model(graph), whole)
    raw = whole.read_bytes()
    cut.write_bytes(raw[: int(len(raw) * kept)])

    done = minerva("import", cut, "--service", "price")

    assert done.exit_code in (1, 2), done.output
    assert "Minerva itself failed" not in done.stderr
    assert untouched()


@pytest.mark.parametrize("raw", [b"", b"hello", b"{}", b"\x89PNG\r\n\x1a\n", b"PK\x03\x04"])
def test_a_file_of_no_known_format_is_refused(minerva, workspace, elsewhere, untouched, raw):
    (elsewhere / "thing").write_bytes(raw)

    done = minerva("import", elsewhere / "thing", "--service", "price")

    assert done.exit_code == 1, done.output
    assert "of no format that is known here" in done.stderr
    assert untouched()


def test_a_missing_file_and_a_strange_name_are_told(minerva, workspace, elsewhere, untouched):
    missing = minerva("import", elsewhere / "missing", "--service", "price")
    strange = minerva("import", elsewhere / "missing", "--service", "../x")

    assert "There is no file or folder" in missing.stderr
    assert "cannot name a service" in strange.stderr
    assert untouched()


def test_an_algorithm_that_reads_no_files_cannot_be_chosen(
    minerva, workspace, elsewhere, untouched
):
    trees(elsewhere / "one.ubj")

    done = minerva("import", elsewhere / "one.ubj", "--service", "price", "--algorithm", "constant")

    assert done.exit_code == 2
    assert "reads no model files" in done.stderr
    assert untouched()


class Bomb:
    """Runs code when it is unpickled."""

    def __reduce__(self):
        return (os.mkdir, ("exploded",))


def test_a_pickle_is_refused_unread(minerva, workspace, elsewhere, untouched):
    (elsewhere / "model.pkl").write_bytes(pickle.dumps(Bomb()))

    done = minerva("import", elsewhere / "model.pkl", "--service", "price")

    assert done.exit_code == 1
    assert "allow_pickle: true" in done.stderr
    assert not list(workspace.rglob("exploded"))
    assert untouched()


def test_a_pickle_is_imported_where_that_is_allowed(minerva, workspace, elsewhere):
    from sklearn.linear_model import LinearRegression

    (elsewhere / "model.pkl").write_bytes(pickle.dumps(LinearRegression().fit(ROWS, TARGET)))

    done = minerva("import", elsewhere / "model.pkl", "--service", "price", "--allow-pickle")

    assert done.exit_code == 0, done.output
    assert declared(workspace).allow_pickle
    assert declared(workspace).algorithm == "sklearn.model"


def test_an_archive_with_one_model_is_unpacked(minerva, workspace, elsewhere):
    trees(elsewhere / "best.ubj")
    with tarfile.open(elsewhere / "best.tar.gz", "w:gz") as archive:
        archive.add(elsewhere / "best.ubj", "export/best.ubj")
        archive.add(elsewhere / "best.ubj", "best.ubj")
    with zipfile.ZipFile(elsewhere / "best.zip", "w") as archive:
        archive.write(elsewhere / "best.ubj", "best.ubj")

    ambiguous = minerva("import", elsewhere / "best.tar.gz", "--service", "price")
    done = minerva("import", elsewhere / "best.zip", "--service", "price")

    assert ambiguous.exit_code == 1
    assert done.exit_code == 0, done.output
    assert declared(workspace).parameters["path"].endswith("/best.ubj")


def test_an_archive_that_leads_out_is_refused(minerva, workspace, elsewhere, untouched):
    with zipfile.ZipFile(elsewhere / "evil.zip", "w") as archive:
        archive.writestr("../../evil.ubj", "x")

    done = minerva("import", elsewhere / "evil.zip", "--service", "price")

    assert done.exit_code == 1
    assert "leads out of its folder" in done.stderr
    assert not list(workspace.rglob("evil*"))
    assert untouched()


def mlflow(folder, requirements=""):
    folder.mkdir()
    trees(folder / "model.ubj")
    (folder / "MLmodel").write_text("flavors: {xgboost: {data: model.ubj}}\n")
    (folder / "requirements.txt").write_text(requirements)


def test_a_folder_is_imported_whole(minerva, workspace, elsewhere):
    mlflow(elsewhere / "run", f"xgboost-cpu=={xgboost.__version__}\n")

    done = minerva("import", elsewhere / "run", "--service", "price")

    assert done.exit_code == 0, done.output
    service = declared(workspace)
    assert service.algorithm == "mlflow.model"
    assert service.requirements == ()
    assert (workspace / service.parameters["path"] / "MLmodel").exists()


def test_a_folder_with_a_link_that_leads_out_is_refused(minerva, workspace, elsewhere, untouched):
    mlflow(elsewhere / "run")
    (elsewhere / "run" / "secret").symlink_to("/etc/passwd")

    done = minerva("import", elsewhere / "run", "--service", "price")

    assert done.exit_code == 1
    assert "link" in done.stderr
    assert untouched()


def test_a_parameter_is_set(minerva, workspace, elsewhere):
    trees(elsewhere / "best.ubj")

    done = minerva("import", elsewhere / "best.ubj", "--service", "price", "--set", "rounds=all")
    wrong = minerva("import", elsewhere / "best.ubj", "--service", "cost", "--set", "rounds")

    assert done.exit_code == 0, done.output
    assert declared(workspace).parameters["rounds"] == "all"
    assert wrong.exit_code == 2


def test_a_models_folder_that_cannot_be_written_is_told(minerva, workspace, elsewhere):
    trees(elsewhere / "best.ubj")
    (workspace / "models").write_text("a file")

    done = minerva("import", elsewhere / "best.ubj", "--service", "price")

    assert done.exit_code == 1
    assert "cannot be written" in done.stderr


def answered(done):
    """Return a command's result if it succeeded."""
    return done if done.exit_code == 0 else None


def test_what_is_imported_is_served_by_the_running_sidecar(
    minerva, workspace, elsewhere, start_up, free_port
):
    (workspace / "minerva.toml").write_text(f"port = {free_port()}\n")
    process = start_up(workspace, elsewhere / "up.log")
    try:
        model = trees(elsewhere / "best.ubj")
        told = json.loads(
            minerva("import", elsewhere / "best.ubj", "--service", "price", "--json").stdout
        )
        assert (told["algorithm"], told["new"]) == ("xgboost.model", True)
        assert told["model"] == declared(workspace).parameters["path"]
        words = shlex.split(told["try"])[1:]
        done = wait_until(lambda: answered(minerva(*words, "--json")), SERVED_WITHIN_S)
    finally:
        process.terminate()
        process.wait(60)

    expected = model.inplace_predict(np.ones((1, 2), np.float32))[0]
    assert json.loads(done.stdout)["predictions"][0]["prediction"] == pytest.approx(float(expected))
