"""From a registered version to a proven model."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from minerva.algorithm import Algorithm, Context, Parameters
from minerva.errors import (
    AlgorithmFailed,
    Conflict,
    InvalidConfiguration,
    InvalidData,
    MinervaError,
    NotFound,
)
from minerva.layers.abstraction.plugins.catalogue import Catalogue
from minerva.layers.abstraction.plugins.parameters import read_parameters
from minerva.layers.abstraction.serving.loading import Loader
from minerva.layers.abstraction.serving.terms import Terms


@pytest.fixture
def loader(container) -> Loader:
    """The loader of the container."""
    return container.versioning.loader


def folder_of(container, version) -> Path:
    """Return where a version lies."""
    return container.artefacts.fetch(version.digest)


def test_a_version_is_fetched_verified_loaded_and_proved(loader, make):
    version = make(parameters={"shift": 3.0})

    loaded = loader.load(version)

    assert loaded.version == version
    assert loaded.decoder.schema is loaded.schema
    answer = loaded.model.predict(loaded.decoder.records([{"x": 2}]))
    assert answer["y"].tolist() == pytest.approx([7.0])


def test_what_the_plugin_gets_is_what_the_version_was_made_with(make, container):
    told = []

    class Spy(Algorithm):
        name = "constant"
        Parameters = type(container.catalogue().find("constant")).Parameters

        def train(self, data, context):
            raise NotImplementedError

        def load(self, folder, context):
            told.append((folder, context))
            return container.catalogue().find("constant").load(folder, context)

    version = make("value", "constant", parameters={"output": {"y": 3.0}})
    workspace = container.loaded.workspace
    loader = replace(container.versioning.loader, catalogue=lambda: Catalogue({"constant": Spy()}))
    loader.load(version)

    ((folder, context),) = told
    assert folder.name == "model"
    assert isinstance(context, Context)
    assert (context.parameters.output, context.workspace) == ({"y": 3.0}, workspace)


def test_a_byte_that_changed_is_noticed_before_the_plugin_reads_it(loader, make, container):
    version = make("value", "misbehaving", parameters={"load": ""})
    (folder_of(container, version) / "model" / "model.json").write_text("no json at all")

    with pytest.raises(Conflict, match=r"'model/model.json' of artefact"):
        loader.load(version)


def test_goldens_that_changed_are_noticed(loader, make, container):
    version = make()
    path = folder_of(container, version) / "goldens.json"
    goldens = json.loads(path.read_text())
    goldens["outputs"]["y"][0] += 1
    path.write_text(json.dumps(goldens))

    with pytest.raises(Conflict, match="was changed"):
        loader.load(version)


def test_a_version_whose_files_are_gone_is_not_found(loader, make, container):
    version = make()
    container.artefacts.delete(version.digest)

    with pytest.raises(NotFound, match="Artefact"):
        loader.load(version)


def test_a_version_whose_installed_plugin_is_gone_says_so(make, container):
    version = make("value", "constant", parameters={"output": {"y": 3.0}})
    loader = replace(container.versioning.loader, catalogue=lambda: Catalogue({}))

    with pytest.raises(InvalidConfiguration, match="There is no algorithm 'constant'"):
        loader.load(version)


class Failing(Algorithm):
    """Fails in loading, as it is told."""

    name = "linear"

    def __init__(self, error):
        self.error = error

    def train(self, data, context):
        """Not asked."""

    def load(self, folder, context):
        """Fail."""
        raise self.error


class FailingConstant(Failing):
    """One that stands where the built-in stood."""

    name = "constant"

    class Parameters(Parameters):
        """Those of the built-in, in short."""

        output: dict[str, float]


@pytest.mark.parametrize(
    ("error", "raised", "message"),
    [
        (ValueError("secret"), AlgorithmFailed, "constant could not load its model: ValueError."),
        (SystemExit(1), AlgorithmFailed, "constant could not load its model: SystemExit."),
        (Conflict("Said clearly."), Conflict, "Said clearly."),
    ],
)
def test_a_plugin_that_fails_in_loading_is_named(make, container, error, raised, message):
    version = make("value", "constant", parameters={"output": {"y": 3.0}})
    catalogue = Catalogue({"constant": FailingConstant(error)})
    loader = replace(container.versioning.loader, catalogue=lambda: catalogue)

    with pytest.raises(raised, match=message) as caught:
        loader.load(version)
    assert "secret" not in str(caught.value)


class Nested(Parameters):
    """Parameters with something inside."""

    inner: dict[str, int] = {}
    items: list[int] = []

    def __post_init__(self):
        """Check what types cannot."""
        if len(self.items) == 1:
            raise ValueError("one item is too few")
        if len(self.items) == 2:
            raise InvalidConfiguration("Two are too many.")
        if len(self.items) == 3:
            raise KeyError("three")


class Picky(Failing):
    """Takes nested parameters."""

    name = "picky"
    Parameters = Nested


@pytest.mark.parametrize(
    ("declared", "where", "message"),
    [
        ({"items": [1, "2", 3, 4]}, "/parameters/items/1", "Expected 'int', got 'str'"),
        ({"items": "many"}, "/parameters/items", "Expected 'array', got 'str'"),
        ({"inner": {"a": "b"}}, "/parameters/inner/a", "Expected 'int', got 'str'"),
        (
            {"itmes": []},
            "/parameters/itmes",
            "unknown; did you mean 'items'?",
        ),
        ({"items": [1]}, "/parameters", "one item is too few"),
        ({"items": [1, 2, 3]}, "/parameters", "the algorithm failed to read them"),
    ],
)
def test_parameters_that_do_not_fit_are_pointed_at(declared, where, message):
    with pytest.raises(InvalidConfiguration) as caught:
        read_parameters(Picky(None), declared)

    (fault,) = caught.value.faults
    assert (fault.where, fault.message) == (where, message)


def test_an_algorithm_may_say_itself_what_is_wrong():
    with pytest.raises(InvalidConfiguration, match="Two are too many"):
        read_parameters(Picky(None), {"items": [1, 2]})


def test_an_algorithm_without_parameters_takes_none():
    assert read_parameters(Failing(None), {}) == Parameters()
    with pytest.raises(MinervaError) as caught:
        read_parameters(Failing(None), {"depth": 3})
    assert caught.value.faults[0].message == "unknown; known: none"


def test_a_version_is_served_by_the_plugin_that_made_it_whatever_became_of_the_file(
    make, container, workspace
):
    version = make(parameters={"shift": 3.0})
    (workspace / "plugins" / "linear.py").write_text("this is no Python")

    loaded = container.versioning.loader.load(version)

    assert loaded.model.predict(loaded.decoder.records([{"x": 2}]))["y"] == pytest.approx([7.0])


def test_a_pickle_is_refused_before_anything_reads_it_unless_the_service_allows_it(
    make, container, workspace
):
    (workspace / "plugins" / "pickled.py").write_text(PICKLED)
    version = make("value", "pickled", allow_pickle=True)
    loader = container.versioning.loader

    with pytest.raises(InvalidData, match="pickle"):
        loader.load(version)
    assert loader.load(version, Terms(allow_pickle=True)).version == version


def test_a_model_that_is_not_thread_safe_is_asked_one_call_at_a_time(make, container, workspace):
    (workspace / "plugins" / "alone.py").write_text(ALONE)
    loaded = container.versioning.loader.load(make("value", "alone"))
    batch = loaded.decoder.records([{"x": 2}])

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: loaded.model.predict(batch)["y"][0], range(64)))

    assert answers == [1.0] * 64  # how many were inside at once
    assert loaded.model.explain(batch).shape == (1, 1)


PICKLED = """
import pickle
import numpy as np
from minerva import Algorithm, hookimpl

class Model:
    def predict(self, batch):
        return {"y": np.ones(len(batch))}
    def save(self, folder):
        (folder / "model.bin").write_bytes(pickle.dumps([1, 2, 3]))

class Pickled(Algorithm):
    name = "pickled"
    runtime = "inline"
    def train(self, data, context):
        return Model()
    def load(self, folder, context):
        assert pickle.loads((folder / "model.bin").read_bytes()) == [1, 2, 3]
        return Model()

@hookimpl
def minerva_algorithms():
    return [Pickled()]
"""
ALONE = """
import threading
import numpy as np
from minerva import Algorithm, hookimpl

class Model:
    def __init__(self):
        self.inside = 0
        self.others = threading.Event()
    def predict(self, batch):
        self.inside += 1
        self.others.wait(0.001)
        seen = self.inside
        self.inside -= 1
        return {"y": np.full(len(batch), float(seen))}
    def explain(self, batch):
        return np.zeros((len(batch), 1))
    def save(self, folder):
        (folder / "nothing").write_text("")

class Alone(Algorithm):
    name = "alone"
    runtime = "inline"
    thread_safe = False
    def train(self, data, context):
        return Model()
    def load(self, folder, context):
        return Model()

@hookimpl
def minerva_algorithms():
    return [Alone()]
"""
