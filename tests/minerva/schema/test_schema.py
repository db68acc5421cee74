"""The schema: what is declared, and every mistake with its place."""

import msgspec
import pytest

from minerva.errors import InvalidConfiguration
from minerva.schema import Schema

NUMBER = {"type": "number"}
CATEGORY = {"type": "category", "values": ["No", "Yes"]}


def faults(declared) -> dict[str, str]:
    """Return where → what is wrong."""
    with pytest.raises(InvalidConfiguration) as caught:
        Schema.parse(declared)
    return {fault.where: fault.message for fault in caught.value.faults}


def test_inputs_outputs_and_key_are_read_in_their_order():
    schema = Schema.parse(
        {
            "key": "id",
            "inputs": {"b": NUMBER, "a": {**NUMBER, "use": False}},
            "output": {"y": CATEGORY},
        }
    )

    assert list(schema.inputs) == ["b", "a"]
    assert schema.features == ("b",)
    assert schema.target() == ("y", schema.output["y"])
    assert schema.key == "id"


@pytest.mark.parametrize("key", [None, "id"])
def test_a_schema_survives_a_text_that_sorts_the_members_of_objects(key):
    declared = {"key": key, "inputs": {"z/~": NUMBER, "a": CATEGORY}, "output": {"y": NUMBER}}
    schema = Schema.parse(declared)

    again = Schema.parse(msgspec.json.decode(msgspec.json.encode(schema.to_json(), order="sorted")))

    assert again == schema
    assert list(again.inputs) == ["z/~", "a"]


@pytest.mark.parametrize("declared", [None, [], "schema", 5])
def test_what_is_no_mapping_is_no_schema(declared):
    assert faults(declared) == {"": "expected a mapping with inputs and output"}


def test_every_mistake_is_told_at_once_with_its_place():
    found = faults(
        {
            "inputs": {
                "a": {"type": "int"},
                "b": {"type": "number", "minimun": 3},
                "c": {"type": "number", "minimum": "low"},
                "d": 5,
                "e": {"values": ["x"]},
                7: NUMBER,
                "": NUMBER,
            },
            "output": {"t": {"type": "text"}, "s": {"type": "timestamp"}, "y": NUMBER},
            "key": "y",
            "more": 1,
        }
    )

    assert found["/inputs/a/type"] == "unknown; did you mean 'integer'?"
    assert found["/inputs/b/minimun"] == "unknown; did you mean 'minimum'?"
    assert found["/inputs/c/minimum"] == "Expected 'float | null', got 'str'"
    assert found["/inputs/d"] == "Expected 'object', got 'int'"
    assert found["/inputs/e"] == "missing member 'type'"
    assert found["/inputs/7"] == found["/inputs/"] == "a field name is a text; quote it"
    assert found["/output/t"] == "an output cannot be of type text"
    assert found["/output/s"] == "an output cannot be of type timestamp"
    assert found["/key"] == "must be a name of its own, neither input nor output"
    assert found["/more"] == "unknown; a schema has key, inputs and output"


def test_a_type_unlike_any_other_is_answered_with_those_that_are_supported():
    found = faults({"inputs": {"a": {"type": "blob"}}, "output": {"y": NUMBER}})

    assert found["/inputs/a/type"].startswith("unknown; a type is one of integer, number")
    assert "image" not in found["/inputs/a/type"]


def test_a_member_unlike_any_other_is_answered_with_all_there_are():
    found = faults({"inputs": {"a": {"type": "number", "zzz": 1}}, "output": {"y": NUMBER}})

    assert found["/inputs/a/zzz"].startswith("unknown; known: type, description, unit")


@pytest.mark.parametrize("key", ["", 5, ["id"], "a"])
def test_a_key_is_a_name_of_its_own(key):
    assert "/key" in faults({"inputs": {"a": NUMBER}, "output": {"y": NUMBER}, "key": key})


@pytest.mark.parametrize(
    "inputs",
    [
        None,
        {},
        [],
        "a",
        [NUMBER],
        [{"name": "a", **NUMBER}, {"name": "a", **NUMBER}],
        [{"name": ["a"], **NUMBER}],
        [5],
    ],
)
def test_fields_are_a_mapping_by_name(inputs):
    found = faults({"inputs": inputs, "output": {"y": NUMBER}})

    assert found == {"/inputs": "expected a mapping from field name to field, not empty"}


def test_ten_thousand_fields_are_enough():
    inputs = {f"f{n}": NUMBER for n in range(10_001)}

    assert faults({"inputs": inputs, "output": {"y": NUMBER}}) == {
        "/inputs": "more than 10000 fields"
    }


class TestAWindow:
    def test_stands_for_as_many_inputs_of_its_kind_the_latest_first(self):
        schema = Schema.parse(
            {"inputs": {"load": {**NUMBER, "window": 3}, "a": NUMBER}, "output": {"y": NUMBER}}
        )

        assert list(schema.inputs) == ["load_1", "load_2", "load_3", "a"]
        assert schema.inputs["load_3"] == schema.inputs["a"]
        assert Schema.parse(schema.to_json()) == schema

    @pytest.mark.parametrize("window", [1, 0, 1001, "3", 2.0, True, None])
    def test_is_a_whole_number_in_its_range(self, window):
        told = faults({"inputs": {"load": {**NUMBER, "window": window}}, "output": {"y": NUMBER}})

        assert told == {"/inputs/load/window": "is to be a whole number from 2 to 1000"}

    def test_names_no_input_twice(self):
        inputs = {"load_2": NUMBER, "load": {**NUMBER, "window": 2}}

        assert faults({"inputs": inputs, "output": {"y": NUMBER}}) == {
            "/inputs/load": "names 'load_2' twice"
        }

    def test_is_refused_of_an_output(self):
        told = faults({"inputs": {"a": NUMBER}, "output": {"y": {**NUMBER, "window": 2}}})

        assert list(told) == ["/output/y/window"]

    def test_counts_for_the_most_fields_that_there_may_be(self):
        inputs = {f"i{n}": {**NUMBER, "window": 1000} for n in range(11)}

        assert faults({"inputs": inputs, "output": {"y": NUMBER}}) == {
            "/inputs": "more than 10000 fields"
        }
