"""In what two declarations differ."""

from minerva.layers.abstraction.services.differences import ABSENT, differences


def test_only_what_differs_is_told_with_its_path():
    before = {"parameters": {"depth": 4, "rate": 0.1}, "serving": {"deadline_ms": 200}}
    after = {"parameters": {"depth": 9, "rate": 0.1}, "serving": {}, "description": "new"}

    assert differences(before, after) == [
        ("parameters.depth", 4, 9),
        ("serving.deadline_ms", 200, ABSENT),
        ("serving", ABSENT, {}),
        ("description", ABSENT, "new"),
    ]


def test_what_says_the_same_does_not_differ():
    assert differences({"a": {"b": [1, 2]}}, {"a": {"b": [1, 2]}}) == []


def test_fields_of_a_schema_are_compared_by_name():
    before = {
        "schema": {"inputs": [{"name": "a", "type": "number"}, {"name": "b", "type": "text"}]}
    }
    after = {
        "schema": {"inputs": [{"name": "b", "type": "text"}, {"name": "a", "type": "integer"}]}
    }

    assert differences(before, after) == [("schema.inputs.a.type", "number", "integer")]
