"""`xgboost.model`: a model trained elsewhere, brought as a file, checked before it is served."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
import xgboost

from minerva import InvalidConfiguration, InvalidData
from minerva.algorithm import Explains
from minerva.layers.application.xgboost_model import XGBoostModel
from minerva.schema import Decoder

COLOURS = ["red", "green", "blue"]
INPUTS = {
    "size": {"type": "number", "nullable": True},
    "colour": {"type": "category", "values": COLOURS, "nullable": True},
    "note": {"type": "text", "use": False},
}
YES_NO = {"type": "category", "values": ["No", "Yes"]}
THREE = {"type": "category", "values": ["a", "b", "c"]}
BOOLEAN = {"type": "boolean"}
NUMBER = {"type": "number"}
RANDOM = np.random.default_rng(0)
X = np.stack([RANDOM.normal(size=300), RANDOM.integers(0, 3, 300)], axis=1).astype(np.float32)
X[::7, 0] = np.nan
SCORE = np.nan_to_num(X[:, 0]) + X[:, 1]
LABELS = {"multi": np.digitize(SCORE, [0.5, 1.5]), "count": np.abs(np.rint(SCORE))}
RECORDS = [
    {
        "size": None if np.isnan(size) else float(size),
        "colour": COLOURS[int(code)],
        "note": "unused",
    }
    for size, code in X
]


def declared(output, inputs=INPUTS):
    return {"inputs": inputs, "output": {"target": output}}


def booster(objective="binary:logistic", names=("size", "colour"), **settings):
    family = objective.partition(":")[0]
    labels = LABELS.get(family, SCORE > 0.5 if family == "binary" else SCORE)
    if objective in {"reg:gamma", "reg:tweedie"}:
        labels = np.abs(SCORE) + 0.1
    if objective == "reg:logistic":
        labels = SCORE > 0.5
    rows = xgboost.DMatrix(
        X[:, : len(names)] if names else X,
        label=labels,
        feature_names=list(names) if names else None,
        feature_types=settings.pop("types", ["q", "c"]),
    )
    if family == "multi":
        settings.setdefault("num_class", 3)
    return xgboost.train({"objective": objective, "nthread": 1, **settings}, rows, 8)


@pytest.fixture
def bring(bench, tmp_path):
    """A function (booster, output type) that saves it into the workspace and returns its Bench."""

    def make(model, output=YES_NO, inputs=INPUTS, file="model.ubj", **parameters):
        if isinstance(model, bytes):
            (tmp_path / file).write_bytes(model)
        else:
            model.save_model(tmp_path / file)
        return bench(XGBoostModel(), declared(output, inputs), path=file, **parameters)

    return make


@pytest.fixture
def batch():
    """A function that decodes records by a Bench's schema."""
    return lambda bench, records=RECORDS: Decoder(bench.schema).records(records)


def sigmoid(margin):
    return 1 / (1 + np.exp(-margin.astype(np.float64)))


@pytest.mark.parametrize("file", ["model.ubj", "model.json", "champion of 2026.ubj"])
def test_answers_what_the_booster_answers(bring, batch, file):
    model = booster()
    brought = bring(model, file=file)

    answer = brought.train().predict(batch(brought))["target"]

    chance = model.inplace_predict(X).astype(np.float64)
    assert np.array_equal(answer, np.stack([1 - chance, chance], axis=1))


@pytest.mark.parametrize("objective", ["binary:logistic", "binary:logitraw", "reg:logistic"])
def test_a_chance_answers_a_boolean(bring, batch, objective):
    model = booster(objective)
    brought = bring(model, BOOLEAN)

    answer = brought.train().predict(batch(brought))["target"]

    expected = sigmoid(model.inplace_predict(X, predict_type="margin"))
    assert answer.shape == (300,)
    assert answer == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("objective", ["multi:softprob", "multi:softmax"])
def test_classes_answer_with_their_probabilities(bring, batch, objective):
    model = booster(objective)
    brought = bring(model, THREE)

    answer = brought.train().predict(batch(brought))["target"]

    scores = np.exp(model.inplace_predict(X, predict_type="margin").astype(np.float64))
    assert answer == pytest.approx(scores / scores.sum(axis=1, keepdims=True), abs=1e-6)
    assert answer.sum(axis=1) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("output", [YES_NO, BOOLEAN])
def test_two_classes_of_softprob_answer_yes_and_no(bring, batch, output):
    LABELS["multi"], three = (SCORE > 0.5).astype(int), LABELS["multi"]
    try:
        model = booster("multi:softprob", num_class=2)
    finally:
        LABELS["multi"] = three
    brought = bring(model, output)

    answer = brought.train().predict(batch(brought))["target"]

    chance = answer if output is BOOLEAN else answer[:, 1]
    assert chance == pytest.approx(model.inplace_predict(X)[:, 1], abs=1e-6)


@pytest.mark.parametrize(
    "objective",
    [
        "reg:squarederror",
        "reg:pseudohubererror",
        "reg:absoluteerror",
        "reg:gamma",
        "reg:tweedie",
        "reg:logistic",
        "count:poisson",
    ],
)
def test_numbers_answer_as_they_are(bring, batch, objective):
    model = booster(objective)
    brought = bring(model, NUMBER)

    answer = brought.train().predict(batch(brought))["target"]

    assert np.array_equal(answer, model.inplace_predict(X).astype(np.float64))


@pytest.mark.parametrize("rows", [0, 1, 64, 300])
def test_a_record_gets_the_same_answer_whatever_the_batch(bring, batch, rows):
    brought = bring(booster("multi:softmax"), THREE)
    model = brought.train()

    answer = model.predict(batch(brought, RECORDS[:rows]))["target"]

    assert answer.shape == (rows, 3)
    assert np.array_equal(answer, model.predict(batch(brought))["target"][:rows])


def test_eight_threads_at_once_get_what_one_gets(bring, batch):
    brought = bring(booster())
    model, rows = brought.train(), batch(brought)
    expected = model.predict(rows)["target"]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: model.predict(rows)["target"], range(100)))

    assert all(np.array_equal(answer, expected) for answer in answers)


def test_dart_is_supported(bring, batch):
    model = booster(booster="dart", rate_drop=0.5)
    brought = bring(model)

    answer = brought.train().predict(batch(brought))["target"]

    assert np.array_equal(answer[:, 1], model.inplace_predict(X).astype(np.float64))


@pytest.mark.parametrize("file", ["model.ubj", "model.json"])
def test_a_version_keeps_its_own_copy(bring, batch, tmp_path, file):
    brought = bring(booster(), file=file)
    model = brought.train()
    original = (tmp_path / file).read_bytes()
    folder = tmp_path / "version"
    folder.mkdir()

    model.save(folder)
    (tmp_path / file).unlink()

    assert [one.read_bytes() for one in folder.iterdir()] == [original]
    told = brought.ask_fresh_process(folder, RECORDS[:20])
    assert (
        told["answer"]["target"] == model.predict(batch(brought, RECORDS[:20]))["target"].tolist()
    )
    assert "sklearn" not in told["heavy"]


def test_a_recorded_best_round_counts_unless_all_are_wanted(bring, batch):
    model = booster()
    model.set_attr(best_iteration="2")
    best, everything = bring(model), bring(model, rounds="all")

    few = best.train().predict(batch(best))["target"][:, 1]
    many = everything.train().predict(batch(everything))["target"][:, 1]

    assert np.array_equal(few, model.inplace_predict(X, iteration_range=(0, 3)).astype(np.float64))
    assert np.array_equal(many, model.inplace_predict(X).astype(np.float64))
    assert not np.array_equal(few, many)


def test_a_model_without_names_takes_the_inputs_in_order(bring, batch):
    model = booster(names=())
    brought = bring(model)

    answer = brought.train().predict(batch(brought))["target"][:, 1]

    assert np.array_equal(answer, model.inplace_predict(X).astype(np.float64))


def test_field_names_that_xgboost_forbids_go_by_position(bring, batch):
    inputs = {"size [m]": INPUTS["size"], "colour": INPUTS["colour"]}
    brought = bring(booster(names=("feature_0", "feature_1")), inputs=inputs)

    assert len(brought.train().predict(batch(brought, []))["target"]) == 0


def test_a_category_may_be_a_number_in_the_model(bring, batch):
    model = booster(types=["float", "int"])
    brought = bring(model)

    answer = brought.train().predict(batch(brought))["target"][:, 1]

    assert np.array_equal(answer, model.inplace_predict(X).astype(np.float64))


def from_frame(order):
    """A model that remembers its categories, as one trained from a DataFrame does."""
    frame = pd.DataFrame({"size": X[:, 0], "colour": [COLOURS[int(code)] for code in X[:, 1]]})
    frame["colour"] = pd.Categorical(frame["colour"], categories=order)
    rows = xgboost.DMatrix(frame, label=SCORE > 0.5, enable_categorical=True)
    return xgboost.train({"objective": "binary:logistic", "nthread": 1}, rows, 8), frame


def test_a_model_of_a_data_frame_answers_as_it_does_there(bring, batch):
    model, frame = from_frame(COLOURS)
    brought = bring(model)

    answer = brought.train().predict(batch(brought))["target"][:, 1]

    assert np.array_equal(answer, model.inplace_predict(frame).astype(np.float64))


def test_categories_in_another_order_than_the_models_are_refused(bring):
    model, _ = from_frame(sorted(COLOURS))

    with pytest.raises(InvalidConfiguration) as caught:
        bring(model).train()

    (fault,) = caught.value.faults
    assert fault.where == "/schema/inputs/colour"
    assert fault.message.endswith("in the model's order: 'blue', 'green', 'red'")


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
