"""A version with a twin: the twin answers first, and the model itself where it is quicker."""

from dataclasses import replace

import numpy as np
import pytest
from structlog.testing import capture_logs
from tiny import events_of
from waiting import wait_until

from minerva.algorithm import Explains
from minerva.errors import InvalidConfiguration
from minerva.layers.abstraction.plugins.catalogue import Catalogue
from minerva.layers.abstraction.serving.twin import MOST_RECORDS, TWIN, TwinnedModel, twinned
from minerva.schema.batch import concatenate

TREES = {"n_estimators": 5, "early_stopping_rounds": 0}
QUICKER = 10
"""Records that the tests say the twin is quicker for, whatever was measured here."""


@pytest.fixture
def version(make):
    """A version of trees, with its twin."""
    made = make("value", "xgboost.regressor", parameters=TREES)
    assert TWIN in made.manifest
    return replace(made, metrics={**made.metrics, MOST_RECORDS: float(QUICKER)})


@pytest.fixture
def loader(container):
    """The loader of the container."""
    return container.versioning.loader


def asked(loaded, count):
    records = [{"id": f"c-{n}", "x": n % 7 + 1} for n in range(count)]
    batch = loaded.decoder.records(records)
    return batch, loaded.model.predict(batch)["y"]


def test_the_manifest_names_the_twin_and_nothing_that_was_timed(version):
    assert version.manifest["twin"]["explains"] is True
    assert version.manifest["twin"]["compared_rows"] > 1000
    assert "twin/trees.onnx" in version.manifest["files"]
    assert MOST_RECORDS not in version.manifest["metrics"]


def test_few_records_are_answered_by_the_twin_alone(loader, version):
    loaded = loader.load(version)

    _, answers = asked(loaded, QUICKER)

    assert loaded.model.original.model is None
    assert np.isfinite(answers).all()


def test_many_records_fetch_the_model_itself_and_do_not_wait_for_it(loader, version):
    loaded = loader.load(version)

    batch, first = asked(loaded, QUICKER + 1)
    model = wait_until(lambda: loaded.model.original.model)

    _, then = asked(loaded, QUICKER + 1)
    assert then.tolist() == model.predict(batch)["y"].tolist()
    assert first == pytest.approx(then, rel=1e-5)


def test_calls_that_different_forms_answer_are_never_asked_together(loader, version):
    loaded = loader.load(version)
    many = QUICKER + 1

    for _ in range(2):
        assert loaded.answers_alike([QUICKER - 1, 1])
        assert loaded.answers_alike([many, many])
        assert not loaded.answers_alike([QUICKER, 1])
        assert not loaded.answers_alike([many, QUICKER])
        assert not loaded.answers_alike([many, 3000])
        loaded.model.original.get()


def test_many_records_of_several_calls_get_what_each_call_gets_alone(loader, version):
    loaded = loader.load(version)
    loaded.model.original.get()
    draw = np.random.default_rng(7)
    sizes = [QUICKER + 1, 64, 65, 130, 400]
    batches = [
        loaded.decoder.records([{"id": "c-1", "x": x} for x in draw.integers(0, 9, size).tolist()])
        for size in sizes
    ]
    assert loaded.answers_alike(sizes)

    together = loaded.model.predict(concatenate(batches))["y"]

    alone = [loaded.model.predict(batch)["y"] for batch in batches]
    np.testing.assert_array_equal(together, np.concatenate(alone), strict=True)


def test_an_explanation_comes_from_the_model_itself(loader, version):
    loaded = loader.load(version)
    batch, answers = asked(loaded, 1)

    assert isinstance(loaded.model, Explains)
    assert loaded.model.explain(batch).shape == (1, 1)
    assert loaded.model.original.model is not None
    assert asked(loaded, 1)[1].tolist() == answers.tolist()


def test_what_is_saved_is_the_model_itself(loader, version, tmp_path):
    loader.load(version).model.save(tmp_path)

    assert (tmp_path / "model.ubj").is_file()


@pytest.mark.parametrize("most", [{}, {MOST_RECORDS: 0.0}], ids=["not measured", "never quicker"])
def test_a_twin_that_is_not_quicker_is_not_loaded(loader, version, most):
    metrics = {name: value for name, value in version.metrics.items() if name != MOST_RECORDS}

    loaded = loader.load(replace(version, metrics={**metrics, **most}))

    assert not isinstance(loaded.model, TwinnedModel)


class Without:
    """The container's algorithm, whose twin fails to load."""

    def __init__(self, algorithm, error):
        self.algorithm, self.error = algorithm, error

    def __getattr__(self, name):
        return getattr(self.algorithm, name)

    def twin(self, model, folder):
        raise NotImplementedError

    def load_twin(self, folder, context):
        raise self.error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (InvalidConfiguration("Not installed."), "Not installed."),
        (OSError("boom"), "It failed to load."),
    ],
)
def test_a_twin_that_cannot_be_loaded_is_left_out(loader, version, container, error, reason):
    trees = Without(container.catalogue().find("xgboost.regressor"), error)
    without = replace(loader, catalogue=lambda: Catalogue({"xgboost.regressor": trees}))

    with capture_logs() as events:
        loaded = without.load(version)

    assert not isinstance(loaded.model, TwinnedModel)
    assert np.isfinite(asked(loaded, 1)[1]).all()
    assert [event["reason"] for event in events_of(events, "twin.left_out")] == [reason]


class Even:
    """Answers how many were asked."""

    def predict(self, batch):
        return {"y": np.full(len(batch), len(batch))}

    def save(self, folder):
        raise NotImplementedError


def test_a_model_that_cannot_be_fetched_leaves_all_to_its_twin():
    tried = []

    def broken():
        tried.append(1)
        raise OSError("gone")

    model = twinned(Even(), broken, 1, explains=False)
    with capture_logs() as events:
        assert model.predict([1, 2, 3])["y"].tolist() == [3, 3, 3]
        wait_until(lambda: events_of(events, "original.not_loaded"))
        assert model.predict([1, 2])["y"].tolist() == [2, 2]

    assert tried == [1]
    assert not isinstance(model, Explains)
