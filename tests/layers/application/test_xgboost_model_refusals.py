"""Which model files `xgboost.model` refuses, and in which words."""

import os
import subprocess
import sys

import pytest

from minerva import InvalidConfiguration, InvalidData
from minerva.algorithm import Explains
from minerva.layers.application.xgboost_model import XGBoostModel

from .foreign_models import BOOLEAN, INPUTS, NUMBER, THREE, YES_NO, booster, declared


@pytest.mark.parametrize(
    ("objective", "output", "message"),
    [
        ("binary:logistic", NUMBER, "does not give an output of type number; what does: reg:"),
        ("binary:logistic", THREE, "a category of 3 values; what does: multi:softprob"),
        ("reg:squarederror", YES_NO, "a category of 2 values; what does: binary:logistic"),
        ("reg:squarederror", BOOLEAN, "an output of type boolean; what does: binary:logistic"),
        ("multi:softprob", NUMBER, "an output of type number"),
        ("multi:softprob", YES_NO, "tells 3 classes apart, but the output has 2 values"),
        ("binary:hinge", YES_NO, "Objective 'binary:hinge' does not give"),
        ("rank:pairwise", NUMBER, "Objective 'rank:pairwise' does not give"),
        ("survival:cox", NUMBER, "Objective 'survival:cox' does not give"),
    ],
)
def test_an_objective_that_does_not_fit_the_output_is_refused(bring, objective, output, message):
    with pytest.raises(InvalidConfiguration, match=message):
        bring(booster(objective), output).train()


def test_several_numbers_per_record_are_refused(bring):
    model = booster("reg:quantileerror", quantile_alpha=[0.1, 0.9])

    with pytest.raises(InvalidConfiguration, match="more than one number per record"):
        bring(model, NUMBER).train()


def test_a_linear_model_is_refused(bring):
    model = booster(booster="gblinear", types=["q", "q"], updater="coord_descent")

    with pytest.raises(InvalidConfiguration, match=r"only trees \(gbtree, dart\) are supported"):
        bring(model).train()


@pytest.mark.parametrize(
    ("inputs", "where", "message"),
    [
        ({"size": NUMBER}, "", "1 used inputs, but the model has 2 features"),
        ({"size": NUMBER, "hue": INPUTS["colour"]}, "/hue", "the model's feature 2 is 'colour'"),
        ({"colour": INPUTS["colour"], "size": NUMBER}, "/colour", "order: size, colour"),
        ({"size": NUMBER, "colour": {"type": "integer"}}, "/colour", "is a category in the model"),
        ({"size": NUMBER, "colour": {"type": "text"}}, "/colour", "is text"),
    ],
)
def test_another_schema_is_refused(bring, inputs, where, message):
    with pytest.raises(InvalidConfiguration, match=r"model\.ubj does not fit the schema") as caught:
        bring(booster(), inputs=inputs).train()

    (fault,) = caught.value.faults
    assert fault.where == f"/schema/inputs{where}"
    assert message in fault.message


def test_two_outputs_are_refused(bring, bench):
    bring(booster())
    two = {"inputs": INPUTS, "output": {"a": YES_NO, "b": YES_NO}}

    with pytest.raises(InvalidConfiguration, match="one output, but the schema has 2"):
        bench(XGBoostModel(), two, path="model.ubj").train()


UBJ, JSON = (bytes(booster().save_raw(form)) for form in ("ubj", "json"))
DEEP = b'{"learner":' + b'{"a":' * 200_000


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"{}",
        b"hello world, this is no model",
        b'{"a": 1}',
        b"[1, 2]",
        b"\x89PNG\r\n\x1a\n" + b"learner" * 9,
        b'{"learner": {}, "version": [3, 2, 0]}',
        b'{"learner": null, "version": "x"}',
        UBJ[: len(UBJ) // 2],
        UBJ[:-1],
        UBJ[:60],
        JSON[: len(JSON) // 2],
        JSON[:-1],
        DEEP,
        DEEP.replace(b'{"a":', b"["),
    ],
    ids=str,
)
def test_what_is_no_whole_model_is_refused(bring, raw):
    with pytest.raises(InvalidData, match=r"model.ubj is no model that XGBoost .* can read"):
        bring(raw).train()


def test_the_old_binary_format_is_named(bring):
    with pytest.raises(InvalidData, match="old binary format"):
        bring(b"binf" + b"\x00" * 100).train()


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("missing.ubj", "no such file"),
        (".", "not a regular file"),
        ("../model.ubj", "leads out of it"),
        ("inside/../../model.ubj", "leads out of it"),
        ("/etc/passwd", "leads out of it"),
        ("link.ubj", "leads out of it"),
        ("loop.ubj", "cannot be read"),
        ("nul\x00.ubj", "cannot be read"),
        ("x" * 5000, "cannot be read"),
    ],
)
def test_only_a_file_in_the_workspace_is_read(bench, tmp_path, path, message):
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    booster().save_model(tmp_path / "model.ubj")
    (workspace / "link.ubj").symlink_to(tmp_path / "model.ubj")
    (workspace / "loop.ubj").symlink_to(workspace / "loop.ubj")
    brought = bench(XGBoostModel(), declared(YES_NO), path=path)
    brought.workspace = workspace

    with pytest.raises(InvalidConfiguration) as caught:
        brought.train()

    (fault,) = caught.value.faults
    assert str(fault) == f"/parameters/path: {message}"


def test_an_absolute_path_into_the_workspace_is_read(bring, batch, tmp_path):
    brought = bring(booster())
    brought.parameters["path"] = str(tmp_path / "model.ubj")

    assert len(brought.train().predict(batch(brought))["target"]) == 300


def test_an_imported_model_does_not_explain_itself(bring):
    assert not isinstance(bring(booster()).train(), Explains)


def test_reading_does_not_write_to_the_workers_output(bring, tmp_path):
    bring(UBJ[: len(UBJ) // 2])
    program = (
        "from minerva.layers.application.xgboost_booster import read_booster\n"
        "from minerva import InvalidData\n"
        "try: read_booster(open('model.ubj', 'rb').read(), 'model.ubj')\n"
        "except InvalidData: print('refused')"
    )

    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert (done.stdout, done.stderr) == ("refused\n", "")
