"""A service file may say only what differs from another one."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from minerva.errors import Fault, InvalidConfiguration
from minerva.layers.abstraction.services.extending import merged, read_extended
from minerva.layers.abstraction.services.folder import read_services, signature
from minerva.layers.abstraction.services.parsing import parse_file

BASE = """
algorithm: linear
parameters: {rounds: 5, shift: 1.0}
schema:
  key: id
  inputs: {x: {type: number}}
  output: {y: {type: number}}
training: {seed: 3}
"""
VALUES = st.recursive(
    st.integers() | st.text(max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture
def services(tmp_path):
    """A folder of services with a base that is none."""
    folder = tmp_path / "services"
    (folder / "bases").mkdir(parents=True)
    (folder / "bases" / "lines.yaml").write_text(BASE)
    return folder


@pytest.fixture
def declared(services):
    """Return a function that writes a file and reads it."""

    def written(text, name="one"):
        path = services / f"{name}.yaml"
        path.write_text(text)
        return parse_file(path, check=lambda _: None)

    return written


def test_what_a_file_does_not_say_its_base_says(declared):
    found = declared("service: one\nextends: bases/lines.yaml\nparameters: {shift: 2.0}\n")

    assert (found.service, found.algorithm, found.training.seed) == ("one", "linear", 3)
    assert found.parameters == {"rounds": 5, "shift": 2.0}


def test_null_takes_away_and_fields_are_added(declared):
    found = declared(
        "service: one\nextends: bases/lines.yaml\nparameters: {rounds: null}\n"
        "schema: {key: null, inputs: {z: {type: integer}}}\n"
    )

    assert found.parameters == {"shift": 1.0}
    assert found.schema.key is None
    assert list(found.schema.inputs) == ["x", "z"]


def test_a_service_is_extended_by_its_name_and_so_on(declared):
    declared("service: one\nextends: bases/lines\ndescription: First.\n")

    found = declared("service: two\nextends: one\ntraining: {seed: 9}\n", "two")

    assert (found.service, found.description, found.training.seed) == ("two", "First.", 9)
    assert found.parameters == {"rounds": 5, "shift": 1.0}


def test_of_several_bases_the_later_one_counts_more(declared, services):
    (services / "bases" / "policies.yaml").write_text(
        "training: {seed: 8}\nserving: {deadline_ms: 50}\n"
    )
    (services / "bases" / "fields.yaml").write_text(
        "extends: policies\nschema: {inputs: {z: {type: integer}}}\n"
    )

    found = declared(
        "service: one\nextends: [bases/lines, bases/fields]\nserving: {deadline_ms: 9}\n"
    )

    assert (found.training.seed, found.serving.deadline_ms) == (8, 9)
    assert list(found.schema.inputs) == ["x", "z"]


def test_a_mistake_in_one_of_several_bases_is_told_where_it_stands(declared, services):
    (services / "bases" / "policies.yaml").write_text("serving:\n  deadline_ms: 0\n")

    with pytest.raises(InvalidConfiguration) as caught:
        declared("service: one\nextends: [bases/lines, bases/policies]\n")

    assert [fault.where for fault in caught.value.faults] == ["policies.yaml:2"]


def test_a_base_that_two_others_have_is_no_circle(declared, services):
    for name in ("left", "right"):
        (services / "bases" / f"{name}.yaml").write_text("extends: lines\n")

    assert declared("service: one\nextends: [bases/left, bases/right]\n").algorithm == "linear"


def test_bases_that_multiply_are_refused(declared, services):
    for depth in range(12):
        below = (
            f"extends: [b{depth + 1}, b{depth + 1}]\n" if depth < 11 else "training: {seed: 1}\n"
        )
        (services / "bases" / f"b{depth}.yaml").write_text(below)

    with pytest.raises(InvalidConfiguration) as caught:
        declared("service: one\nextends: bases/b0\n")

    assert "more than 100 files" in caught.value.faults[0].message


def test_null_of_a_later_base_takes_away_what_an_earlier_one_says(declared, services):
    (services / "bases" / "less.yaml").write_text("parameters: {rounds: null}\n")

    found = declared("service: one\nextends: [bases/lines, bases/less]\n")

    assert "rounds" not in found.parameters


def test_nobody_inherits_a_name(declared):
    declared("service: one\nextends: bases/lines\n")

    with pytest.raises(InvalidConfiguration) as caught:
        declared("extends: one\n", "two")

    assert list(caught.value.faults) == [Fault("two.yaml:1", "'service' is missing")]


def test_a_mistake_is_told_where_it_stands(declared, services):
    (services / "bases" / "lines.yaml").write_text(BASE + "servin: {}\n")

    with pytest.raises(InvalidConfiguration) as caught:
        declared("service: one\n\nextends: bases/lines\ntraining: {seed: x}\n")

    wheres = {fault.where for fault in caught.value.faults}
    assert wheres == {"lines.yaml:9", "one.yaml:4"}


@pytest.mark.parametrize(
    ("extends", "says"),
    [
        ("one", "goes round in a circle: one.yaml → one.yaml"),
        ("two", "goes round in a circle: one.yaml → two.yaml → one.yaml"),
        ("nobody", "there is no nobody.yaml beside one.yaml"),
        ("../../secrets.yaml", "../../secrets.yaml is outside of services/"),
        ("bases/line", "there is no bases/line.yaml beside one.yaml; did you mean 'lines'?"),
        ("[bases/lines, one]", "goes round in a circle: one.yaml → one.yaml"),
        ("[bases/lines, 7]", "expected a file, the name of a service, or a list of these"),
        ("''", "expected a file, the name of a service, or a list of these"),
        ("secret", "secret.yaml is shared with nobody"),
    ],
)
def test_what_cannot_be_extended_is_named_with_its_line(declared, services, extends, says):
    (services / "two.yaml").write_text("service: two\nextends: one\n")
    (services / "secret.yaml").write_text("service: secret\nshare: nobody\n")

    with pytest.raises(InvalidConfiguration) as caught:
        declared(f"service: one\nextends: {extends}\n")

    (fault,) = caught.value.faults
    assert fault.where in {"one.yaml:2", "two.yaml:2"}
    assert fault.message == f"extends: {says}"


def test_a_changed_base_is_noticed_and_bases_are_no_services(services):
    (services / "one.yaml").write_text("service: one\nextends: bases/lines\n")
    before = signature(services.parent)

    (services / "bases" / "lines.yaml").write_text(BASE + "description: Changed.\n")

    assert signature(services.parent) != before
    found = read_services(services.parent, lambda _: None)
    assert ([one.description for one in found.services], found.problems) == (["Changed."], ())


def test_null_in_a_file_that_extends_nothing_stays(services):
    path = services / "one.yaml"
    path.write_text("parameters: {limit: null}\n")

    assert read_extended(path).value == {"parameters": {"limit": None}}


def test_a_file_that_extends_nothing_is_read_as_it_is(services):
    path = services / "one.yaml"
    path.write_text("- 1\n- 2\n")

    assert read_extended(path).value == [1, 2]


@given(VALUES, VALUES)
def test_merging_keeps_what_is_said_and_loses_nothing_else(base, own):
    found = merged(base, own)

    assert merged(found, own) == found
    if isinstance(base, dict) and isinstance(own, dict):
        assert found.keys() == base.keys() | own.keys()
        assert all(found[name] == base[name] for name in base.keys() - own.keys())
    else:
        assert found == own


def test_merging_is_what_yaml_would_hold(declared):
    declared("service: one\nextends: bases/lines\n")

    assert merged(yaml.safe_load("{a: {b: 1}}"), yaml.safe_load("{a: {c: ~}}")) == {"a": {"b": 1}}
