"""`sklearn.model`: what the estimator answers; pickles only where they are allowed."""

import os
import pickle
import warnings
import zipfile

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.cluster import KMeans
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC

from minerva import InvalidConfiguration, InvalidData
from minerva.layers.application.models.sklearn_model import Sklearn

from .tables import (
    ABC,
    BOOLEAN,
    COLOURS,
    FRAME,
    HOLED,
    INPUTS,
    LABELS,
    NUMBER,
    NUMBERS,
    NUMERIC,
    SCORE,
    THREE,
    YES_NO,
    records,
)

ROWS = records(FRAME[["size", "count"]])
PIPELINE = make_pipeline(
    make_column_transformer(
        (OneHotEncoder(), ["colour"]),
        (make_pipeline(SimpleImputer(), StandardScaler()), ["size"]),
        remainder="passthrough",
    ),
    LogisticRegression(),
).fit(HOLED, LABELS)


@pytest.fixture
def bring(brought, tmp_path):
    def make(estimator, output, inputs=NUMERIC, **parameters):
        skops.io.dump(estimator, tmp_path / "model.skops")
        return brought(Sklearn(), "model.skops", output, inputs, **parameters)

    return make


def test_a_pipeline_answers_as_scikit_learn_does(bring):
    answer = bring(PIPELINE, YES_NO, INPUTS).answer(records(HOLED))

    assert answer == pytest.approx(PIPELINE.predict_proba(HOLED), abs=1e-12)


def test_inputs_are_taken_by_name_whatever_their_order(bring):
    turned = dict(reversed(INPUTS.items()))

    answer = bring(PIPELINE, YES_NO, turned).answer(records(HOLED))

    assert answer == pytest.approx(PIPELINE.predict_proba(HOLED), abs=1e-12)


def test_classes_stand_in_the_schemas_order(bring):
    model = LogisticRegression().fit(NUMBERS, THREE)
    turned = {"type": "category", "values": ["c", "a", "b"]}

    answer = bring(model, turned).answer(ROWS)

    assert answer == pytest.approx(model.predict_proba(NUMBERS)[:, [2, 0, 1]], abs=1e-12)


@pytest.mark.parametrize("labels", [LABELS == "Yes", (LABELS == "Yes").astype(int)])
def test_two_classes_answer_a_boolean(bring, labels):
    model = LogisticRegression().fit(NUMBERS, labels)

    assert bring(model, BOOLEAN).answer(ROWS) == pytest.approx(
        model.predict_proba(NUMBERS)[:, 1], abs=1e-12
    )


def test_a_classifier_without_probabilities_answers_with_the_class(bring):
    model = LinearSVC().fit(NUMBERS, THREE)
    turned = {"type": "category", "values": ["b", "c", "a"]}

    answer = bring(model, turned).answer(ROWS)

    assert np.array_equal(np.array(turned["values"])[answer], model.predict(NUMBERS))


@pytest.mark.parametrize(
    "model", [LinearRegression(), RandomForestRegressor(5, random_state=0), KNeighborsRegressor()]
)
def test_numbers_answer_as_scikit_learn_does(bring, model):
    model.fit(NUMBERS, SCORE)

    assert bring(model, NUMBER).answer(ROWS) == pytest.approx(model.predict(NUMBERS), abs=1e-12)


def test_a_cluster_is_a_number(bring):
    model = KMeans(3, n_init=1, random_state=0).fit(NUMBERS)

    answer = bring(model, {"type": "integer"}).answer(ROWS)

    assert answer == pytest.approx(model.predict(NUMBERS), abs=1e-12)


def test_pandas_categoricals_are_made_where_the_estimator_wants_them(bring):
    frame = HOLED.assign(colour=pd.Categorical(HOLED["colour"], categories=COLOURS))
    model = HistGradientBoostingClassifier(max_iter=5).fit(frame, LABELS)

    brought = bring(model, YES_NO, INPUTS, categories="pandas")

    assert brought.answer(records(HOLED)) == pytest.approx(model.predict_proba(frame), abs=1e-12)
    assert brought.inspect().parameters == {"categories": "pandas"}
    assert brought.inspect().inputs["colour"]["values"] == COLOURS


def test_categories_may_be_handed_over_as_their_index(bring):
    frame = FRAME.assign(colour=np.searchsorted(COLOURS, FRAME["colour"]))
    model = LinearRegression().fit(frame, SCORE)

    answer = bring(model, NUMBER, {**INPUTS, "size": NUMERIC["size"]}, categories="index").answer(
        records(FRAME)
    )

    assert answer == pytest.approx(model.predict(frame), abs=1e-12)


def test_texts_go_into_an_array_where_there_was_no_frame(bring):
    rows = FRAME[["size", "colour", "count"]].to_numpy(dtype=object)
    encode = make_column_transformer((OneHotEncoder(), [1]), remainder="passthrough")
    model = make_pipeline(encode, LinearRegression()).fit(rows, SCORE)

    brought = bring(model, NUMBER)
    told = brought.inspect()

    assert told.inputs["feature_1"] == {"type": "category", "values": COLOURS}
    answer = bring(model, NUMBER, INPUTS | {"size": {"type": "number"}}).answer(records(FRAME))
    assert answer == pytest.approx(model.predict(rows), abs=1e-12)


@pytest.mark.parametrize("rows", [0, 1, 64])
def test_a_record_gets_the_same_answer_whatever_the_batch(bring, rows):
    answer = bring(PIPELINE, YES_NO, INPUTS).answer(records(HOLED)[:rows])

    assert answer.shape == (rows, 2)
    assert answer == pytest.approx(PIPELINE.predict_proba(HOLED)[:rows], abs=1e-12)


def test_the_file_tells_names_categories_and_classes(bring):
    told = bring(PIPELINE, YES_NO, INPUTS).inspect()

    assert list(told.inputs) == ["size", "colour", "count"]
    assert told.inputs["colour"] == {"type": "category", "values": COLOURS}
    assert told.output == YES_NO


def test_a_file_without_names_says_so(bring):
    told = bring(LogisticRegression().fit(NUMBERS, [*([0, 1] * 150)]), YES_NO).inspect()

    assert list(told.inputs) == ["feature_0", "feature_1"]
    assert told.output == BOOLEAN
    assert any("fitted without names" in note for note in told.notes)


def test_a_file_cut_off_anywhere_is_refused(bring, brought, tmp_path):
    bring(PIPELINE, YES_NO, INPUTS)
    raw = (tmp_path / "model.skops").read_bytes()

    for length in (0, 2, 40, len(raw) // 2, len(raw) - 60, len(raw) - 1):
        (tmp_path / "cut.skops").write_bytes(raw[:length])
        with pytest.raises(InvalidData, match="truncated, damaged"):
            brought(Sklearn(), "cut.skops", YES_NO, INPUTS).train()


def test_a_damaged_list_of_contents_is_refused(bring, brought, tmp_path):
    with zipfile.ZipFile(tmp_path / "model.skops", "w") as archive:
        archive.writestr("schema.json", '{"__class__": "x", "protocol": 1}')

    with pytest.raises(InvalidData, match=r"cannot read model\.skops"):
        brought(Sklearn(), "model.skops", YES_NO, INPUTS).train()


def shout(rows):
    """A function of somebody's own."""
    return rows


def test_types_that_are_not_scikit_learns_need_trust(bring, monkeypatch):
    model = make_pipeline(FunctionTransformer(np.nan_to_num), LinearRegression()).fit(
        NUMBERS, SCORE
    )
    model.steps[0][1].func = os.path.join

    with pytest.raises(InvalidConfiguration, match=r"not scikit-learn's: posixpath.join"):
        bring(model, NUMBER).train()


def test_a_type_that_is_named_is_trusted(bring):
    model = make_pipeline(FunctionTransformer(), LinearRegression()).fit(NUMBERS, SCORE)
    model.set_params(functiontransformer__func=np.ascontiguousarray)
    names = skops.io.get_untrusted_types(data=skops.io.dumps(model))

    answer = bring(model, NUMBER, trusted=names).answer(ROWS)

    assert answer == pytest.approx(model.predict(NUMBERS), abs=1e-12)


class Bomb:
    """Runs code when it is unpickled."""

    def __reduce__(self):
        return (os.mkdir, ("exploded",))


@pytest.mark.parametrize("file", ["model.pkl", "model.joblib", "model.bin", "model.pkl.gz"])
def test_a_pickle_is_refused_unread(brought, tmp_path, monkeypatch, file):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / file
    joblib.dump(Bomb(), path) if "joblib" in file else path.write_bytes(pickle.dumps(Bomb()))

    with pytest.raises(InvalidData, match="can run any code"):
        brought(Sklearn(), file, NUMBER).train()

    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize("compress", [0, ("zlib", 3), ("gzip", 3), ("xz", 3)])
def test_a_pickle_is_read_where_that_is_allowed(brought, tmp_path, compress):
    joblib.dump(PIPELINE, tmp_path / "model.pkl", compress=compress)

    answer = brought(Sklearn(), "model.pkl", YES_NO, INPUTS).answer(
        records(HOLED), allow_pickle=True
    )

    assert answer == pytest.approx(PIPELINE.predict_proba(HOLED), abs=1e-12)


def test_another_version_of_scikit_learn_is_remarked(brought, tmp_path):
    model = LinearRegression().fit(NUMBERS, SCORE)
    raw = pickle.dumps(model)
    import sklearn

    stale = raw.replace(sklearn.__version__.encode(), b"0" * len(sklearn.__version__))
    (tmp_path / "model.pkl").write_bytes(stale)
    brought = brought(Sklearn(), "model.pkl", NUMBER, NUMERIC)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        told = brought.inspect(allow_pickle=True)

    assert any("another version" in note for note in told.notes)
    assert brought.answer(ROWS, allow_pickle=True) == pytest.approx(
        model.predict(NUMBERS), abs=1e-12
    )


@pytest.mark.parametrize(("inputs", "fault"), [
    ({"size": INPUTS["size"]}, "lacks 'colour', which the model takes"),
    ({**INPUTS, "weight": {"type": "number"}}, "/schema/inputs/weight: the model does not take it"),
])  # fmt: skip
def test_a_schema_that_does_not_fit_is_refused_with_what_differs(bring, inputs, fault):
    with pytest.raises(InvalidConfiguration) as caught:
        bring(PIPELINE, YES_NO, inputs).train()

    assert fault in str(caught.value)


def test_a_category_that_the_encoder_does_not_know_is_refused(bring):
    inputs = {**INPUTS, "colour": {"type": "category", "values": ["pink", "blue"]}}

    with pytest.raises(InvalidConfiguration, match="cannot predict a record of this schema"):
        bring(PIPELINE, YES_NO, inputs).train()


@pytest.mark.parametrize("output", [NUMBER, ABC, {"type": "category", "values": ["No", "Maybe"]}])
def test_an_output_that_does_not_fit_is_refused(bring, output):
    with pytest.raises(InvalidConfiguration, match="does not fit the schema's output"):
        bring(PIPELINE, output, INPUTS).train()


def test_what_predicts_nothing_is_refused(bring):
    with pytest.raises(InvalidData, match="StandardScaler, which predicts nothing"):
        bring(StandardScaler().fit(NUMBERS), NUMBER).train()
    with pytest.raises(InvalidData, match="StandardScaler, which predicts nothing"):
        bring(StandardScaler().fit(NUMBERS), NUMBER).inspect()


def test_several_outputs_at_once_are_refused(bring):
    both = KNeighborsRegressor().fit(NUMBERS, np.stack([SCORE, SCORE], axis=1))

    with pytest.raises(InvalidConfiguration):
        bring(both, NUMBER).train()


def test_pandas_categoricals_need_names(bring):
    model = LinearRegression().fit(NUMBERS, SCORE)

    with pytest.raises(InvalidConfiguration, match="was not fitted with a DataFrame"):
        bring(model, NUMBER, categories="pandas").train()


def test_it_recognises_its_own_files_only(tmp_path):
    skops.io.dump(PIPELINE, tmp_path / "a.skops")
    (tmp_path / "b.bin").write_bytes(pickle.dumps(1))
    joblib.dump(PIPELINE, tmp_path / "c.joblib", compress=3)
    with zipfile.ZipFile(tmp_path / "d.zip", "w") as archive:
        archive.writestr("other", "")
    (tmp_path / "e.txt").write_text("tree\nversion=v4")

    recognised = [one.name for one in sorted(tmp_path.iterdir()) if Sklearn().recognises(one)]

    assert recognised == ["a.skops", "b.bin", "c.joblib"]
