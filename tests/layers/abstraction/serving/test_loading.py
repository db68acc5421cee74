"""From a registered version to a proven model."""

import json
from pathlib import Path

import pytest

from minerva.algorithm import Algorithm, Context, Parameters
from minerva.errors import AlgorithmFailed, Conflict, InvalidConfiguration, MinervaError, NotFound
from minerva.layers.abstraction.plugins.catalogue import Catalogue
from minerva.layers.abstraction.serving.loading import Loader, read_parameters


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
        name = "linear"
        Parameters = type(container.catalogue().find("linear")).Parameters

        def train(self, data, context):
            raise NotImplementedError

        def load(self, folder, context):
            told.append((folder, context))
            return container.catalogue().find("linear").load(folder, context)

    version = make(parameters={"shift": 3.0})
    workspace = container.loaded.workspace
    Loader(container.artefacts, lambda: Catalogue({"linear": Spy()}), workspace).load(version)

    ((folder, context),) = told
    assert (folder / "line.json").exists()
    assert isinstance(context, Context)
    assert (context.parameters.shift, context.workspace) == (3.0, workspace)


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


def test_a_version_whose_plugin_is_gone_says_so(make, container):
    version = make()
    loader = Loader(container.artefacts, lambda: Catalogue({}), container.loaded.workspace)

    with pytest.raises(InvalidConfiguration, match="There is no algorithm 'linear'"):
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


@pytest.mark.parametrize(
    ("error", "raised", "message"),
    [
        (ValueError("secret"), AlgorithmFailed, "linear could not load its model: ValueError."),
        (SystemExit(1), AlgorithmFailed, "linear could not load its model: SystemExit."),
        (Conflict("Said clearly."), Conflict, "Said clearly."),
    ],
)
def test_a_plugin_that_fails_in_loading_is_named(make, container, error, raised, message):
    version = make()
    catalogue = Catalogue({"linear": Failing(error)})
    loader = Loader(container.artefacts, lambda: catalogue, container.loaded.workspace)

    with pytest.raises(raised, match=message) as caught:
        loader.load(version)
    assert "secret" not in str(caught.value)


class Nested(Parameters):
    """Parameters with something inside."""

    inner: dict[str, int] = {}  # noqa: RUF012 - the library copies it
    items: list[int] = []  # noqa: RUF012 - as above

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
        ({"inner": {"a": "b"}}, "/parameters/inner", "Expected 'int', got 'str'"),
        (
            {"itmes": []},
            "/parameters",
            "Object contains unknown field 'itmes'; picky takes inner, items",
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
    assert caught.value.faults[0].message.endswith("linear takes none")
