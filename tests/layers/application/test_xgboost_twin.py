"""A booster's twin in ONNX answers what the booster answers, and needs no XGBoost for it."""

import re
import subprocess
import sys

import numpy as np
import pytest
import xgboost
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minerva import Batch, InvalidConfiguration, Schema
from minerva.layers.application.models import libraries
from minerva.layers.application.xgboost_booster import BoosterModel
from minerva.layers.application.xgboost_objectives import CHANCES, CLASSES, NUMBERS, reading_of
from minerva.layers.application.xgboost_twin import FILE, BoosterTwin, write_twin

from .xgboost_cases import KINDS, QUICK, algorithm, data, declared

OLD = {"reg:linear"}  # a former name, which no booster has any more
OBJECTIVES = sorted({*CHANCES, *CLASSES, *NUMBERS} - OLD)
SIDES = 1e-5
"""What a twin may differ by."""


@st.composite
def boosters(draw):
    """Trees of any kind over numbers and categories; what they learn is noise."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    objective = draw(st.sampled_from(OBJECTIVES))
    sizes = draw(st.lists(st.sampled_from([0, 2, 5, 33, 70]), min_size=1, max_size=5))
    rows = draw(st.integers(20, 200))
    numbers = random.normal(size=(rows, len(sizes))) * 1000
    codes = random.integers(0, np.maximum(sizes, 1), size=numbers.shape)
    x = np.where(np.asarray(sizes) > 0, codes, numbers)
    x[random.random(x.shape) < draw(st.sampled_from([0.0, 0.2]))] = np.nan
    classes = draw(st.integers(3, 5)) if objective in CLASSES else 0
    truth = random.integers(0, classes, rows) if classes else random.uniform(0.1, 0.9, rows)
    parameters = {
        "objective": objective,
        "max_depth": draw(st.integers(1, 7)),
        "eta": draw(st.sampled_from([0.05, 0.3, 1.0])),
        "max_cat_to_onehot": draw(st.sampled_from([1, 100])),
        "num_parallel_tree": draw(st.sampled_from([1, 3])),
        **({"num_class": classes} if classes else {}),
        **({"quantile_alpha": 0.4} if objective == "reg:quantileerror" else {}),
        **({"base_score": 0.3} if objective != "reg:quantileerror" and draw(st.booleans()) else {}),
    }
    rounds = draw(st.integers(1, 20))
    letters = ["c" if size else "q" for size in sizes]
    matrix = xgboost.DMatrix(x, label=truth, feature_types=letters, enable_categorical=True)
    booster = xgboost.train({**parameters, "nthread": 1}, matrix, rounds)
    booster.set_param({"nthread": 1})
    schema = Schema.parse(
        {
            "inputs": {f"f{n}": field(size) for n, size in enumerate(sizes)},
            "output": {"y": output(objective, classes)},
        }
    )
    reading = reading_of(objective, schema.target()[1])
    counted = draw(st.sampled_from([(0, 0), (0, 1), (0, rounds)]))
    model = BoosterModel(schema, reading, booster, counted)
    columns = {
        f"f{n}": np.nan_to_num(column, nan=-1).astype(np.int32) if sizes[n] else column
        for n, column in enumerate(x.T)
    }
    return model, Batch(schema, columns, rows)


def field(size):
    if not size:
        return {"type": "number", "nullable": True}
    # one that was never seen in training stands at the end
    return {"type": "category", "values": [f"v{n}" for n in range(size + 1)], "nullable": True}


def output(objective, classes):
    if classes:
        return {"type": "category", "values": [f"c{n}" for n in range(classes)]}
    return {"type": "boolean"} if objective in CHANCES else {"type": "number"}


def twin_of(model, folder):
    """Return the twin, and the records that are hardest for it."""
    hardest = write_twin(model, folder)
    assert hardest is not None
    return BoosterTwin.load(folder, model.schema), hardest


def same_class(one, other):
    """Whether the likeliest class is the same, unless two are as likely."""
    two_best = np.sort(one, axis=1)[:, -2:]
    clear = two_best[:, 1] - two_best[:, 0] > 2 * SIDES
    return (one.argmax(axis=1) == other.argmax(axis=1))[clear].all()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(boosters())
def test_the_twin_of_any_trees_answers_as_they_do(tmp_path_factory, made):
    model, rows = made
    twin, hardest = twin_of(model, tmp_path_factory.mktemp("twin"))

    alone = [hardest.take(np.array([row])) for row in range(3)]
    nothing = hardest.take(np.array([], dtype=int))
    for asked in (rows, hardest, *alone, nothing):
        wanted, given_ = model.predict(asked)["y"], twin.predict(asked)["y"]
        assert given_.shape == wanted.shape
        np.testing.assert_allclose(given_, wanted, rtol=SIDES, atol=SIDES)
        if wanted.ndim > 1 and len(wanted):
            assert same_class(wanted, given_)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(boosters(), st.integers(2, 130))
def test_a_record_gets_the_same_answer_whichever_others_stand_beside_it(
    tmp_path_factory, made, size
):
    model, _ = made
    twin, hardest = twin_of(model, tmp_path_factory.mktemp("twin"))
    for answering in (twin, model):
        assert len(hardest) <= answering.most_together

        whole = answering.predict(hardest)["y"]

        for count in (1, size):
            for start in range(0, 3 * size, count):
                asked = hardest.take(np.arange(start, start + count))
                np.testing.assert_array_equal(
                    answering.predict(asked)["y"], whole[start : start + count], strict=True
                )


def test_the_hardest_records_are_at_thresholds_beside_them_and_missing(bench, tmp_path):
    model = bench(algorithm("number"), declared("number"), **QUICK).train(data("number"))
    hardest = algorithm("number").twin(model, tmp_path)

    dump = "".join(model.model.booster.get_dump())
    thresholds = np.array(re.findall(r"\[feature_0<([^]]+)\]", dump), dtype=np.float32)
    asked = hardest["size"].astype(np.float32)
    below = np.nextafter(thresholds, np.float32(-np.inf))
    assert np.isin(asked, thresholds).any()
    assert np.isin(asked, below).any()
    assert np.isnan(asked).any()
    assert (np.abs(asked) == np.finfo(np.float32).max).any()
    assert set(hardest["colour"].tolist()) == {-1, 0, 1, 2, 3}


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_built_in_training_made_has_a_twin(bench, tmp_path, kind):
    made = bench(algorithm(kind), declared(kind), **QUICK)
    model = made.train(data(kind))
    hardest = algorithm(kind).twin(model, tmp_path)

    twin = algorithm(kind).load_twin(tmp_path, made.context())

    wanted, given_ = model.predict(hardest)["target"], twin.predict(hardest)["target"]
    np.testing.assert_allclose(given_, wanted, rtol=SIDES, atol=SIDES)


def rows_of(label):
    random = np.random.default_rng(0)
    return xgboost.DMatrix(random.normal(size=(60, 2)), label=label(random))


def plain(booster):
    inputs = {name: {"type": "number"} for name in ("a", "b")}
    schema = Schema.parse({"inputs": inputs, "output": {"y": {"type": "number"}}})
    return BoosterModel(schema, reading_of("reg:squarederror", schema.target()[1]), booster)


@pytest.mark.parametrize(
    ("parameters", "columns"),
    [
        ({"booster": "dart"}, 1),
        ({"booster": "gblinear"}, 1),
        ({"multi_strategy": "multi_output_tree", "tree_method": "hist"}, 2),
        ({"multi_strategy": "one_output_per_tree"}, 2),
    ],
    ids=["dart", "linear", "leaves of several numbers", "several targets"],
)
@pytest.mark.filterwarnings("ignore:.*")  # gblinear is old, and says so
def test_what_onnx_cannot_say_has_no_twin(tmp_path, parameters, columns):
    rows = rows_of(lambda random: random.normal(size=(60, columns)))
    booster = xgboost.train({**parameters, "nthread": 1}, rows, 3)

    assert write_twin(plain(booster), tmp_path) is None
    assert not list(tmp_path.iterdir())


def test_a_tree_of_one_leaf_is_a_tree(tmp_path):
    booster = xgboost.train({"gamma": 1e9, "nthread": 1}, rows_of(lambda r: r.normal(size=60)), 3)
    model = plain(booster)
    twin, hardest = twin_of(model, tmp_path)

    assert len(booster.trees_to_dataframe()) == 3
    np.testing.assert_allclose(twin.predict(hardest)["y"], model.predict(hardest)["y"], atol=SIDES)


def test_the_twin_is_saved_as_it_was_read(tmp_path):
    booster = xgboost.train({"nthread": 1}, rows_of(lambda r: r.normal(size=60)), 3)
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    twin, _ = twin_of(plain(booster), tmp_path / "one")

    twin.save(tmp_path / "other")

    assert (tmp_path / "one" / FILE).read_bytes() == (tmp_path / "other" / FILE).read_bytes()


ALONE = """
import sys
from pathlib import Path
from minerva import Schema
from minerva.layers.application.xgboost_twin import BoosterTwin
from minerva.schema import Decoder

fields = {"a": {"type": "number"}, "b": {"type": "number"}}
schema = Schema.parse({"inputs": fields, "output": {"y": {"type": "number"}}})
twin = BoosterTwin.load(Path(sys.argv[1]), schema)
twin.predict(Decoder(schema).records([{"a": 1, "b": 2}]))
print([name for name in ("xgboost", "scipy", "pandas") if name in sys.modules])
"""


def test_the_twin_needs_no_xgboost(tmp_path):
    booster = xgboost.train({"nthread": 1}, rows_of(lambda r: r.normal(size=60)), 3)
    twin_of(plain(booster), tmp_path)

    command = [sys.executable, "-c", ALONE, str(tmp_path)]
    told = subprocess.run(command, capture_output=True, text=True, check=True)

    assert told.stdout.strip() == "[]"


def test_without_onnx_runtime_it_is_said_how_to_get_it(tmp_path, monkeypatch):
    booster = xgboost.train({"nthread": 1}, rows_of(lambda r: r.normal(size=60)), 3)
    twin_of(plain(booster), tmp_path)
    monkeypatch.setitem(sys.modules, "onnxruntime", libraries._ABSENT)

    with pytest.raises(InvalidConfiguration, match=r"minerva-sidecar\[onnx\]"):
        BoosterTwin.load(tmp_path, plain(booster).schema)
