"""A field, as a user declares it."""

import msgspec
import pytest

from minerva.errors import InvalidConfiguration
from minerva.schema import Field, FieldType


def refused(**members) -> str:
    """Return why a field cannot be declared."""
    with pytest.raises(InvalidConfiguration) as caught:
        Field(**members)
    return caught.value.message


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"type": FieldType.VECTOR}, "type vector is reserved"),
        ({"type": FieldType.IMAGE}, "type image is reserved"),
        ({"type": FieldType.CATEGORY}, "a category needs its values"),
        ({"type": FieldType.NUMBER, "values": ("a",)}, "only a category has values"),
        ({"type": FieldType.CATEGORY, "values": ("1", 1)}, "values repeat"),
        ({"type": FieldType.CATEGORY, "values": (1, 1.0)}, "values repeat"),
        ({"type": FieldType.CATEGORY, "values": (float("nan"),)}, "NaN, or beyond"),
        ({"type": FieldType.CATEGORY, "values": (10**400,)}, "NaN, or beyond"),
        ({"type": FieldType.TEXT, "minimum": 0.0}, "only a number has minimum and maximum"),
        ({"type": FieldType.CATEGORY, "values": ("a",), "maximum": 1.0}, "only a number has"),
        ({"type": FieldType.NUMBER, "minimum": 2.0, "maximum": 1.0}, "minimum is above maximum"),
        ({"type": FieldType.NUMBER, "minimum": float("-inf")}, "NaN or infinity"),
        ({"type": FieldType.NUMBER, "maximum": float("nan")}, "NaN or infinity"),
        ({"type": FieldType.INTEGER, "minimum": 0.2, "maximum": 0.8}, "no whole number"),
        ({"type": FieldType.INTEGER, "minimum": 1e20}, "no whole number"),
        ({"type": FieldType.INTEGER, "maximum": -1e20}, "no whole number"),
    ],
)
def test_what_makes_no_sense_is_refused(members, why):
    assert why in refused(**members)


@pytest.mark.parametrize("values", [(True, False), ("Maybe", True)])
def test_a_bare_yes_among_the_values_is_explained(values):
    """YAML turns a bare Yes into true, which no caller would ever send."""
    assert 'quote it ("Yes")' in refused(type=FieldType.CATEGORY, values=values)


@pytest.mark.parametrize("what", ["default", "example"])
@pytest.mark.parametrize(
    ("members", "value"),
    [
        ({"type": FieldType.INTEGER}, 1.5),
        ({"type": FieldType.INTEGER}, True),
        ({"type": FieldType.INTEGER, "minimum": 3.0}, 2),
        ({"type": FieldType.NUMBER, "maximum": 1.0}, 1.1),
        ({"type": FieldType.NUMBER}, "1"),
        ({"type": FieldType.NUMBER}, 10**400),
        ({"type": FieldType.NUMBER}, float("inf")),
        ({"type": FieldType.BOOLEAN}, 1),
        ({"type": FieldType.CATEGORY, "values": (0, 1)}, True),
        ({"type": FieldType.CATEGORY, "values": ("Yes", "No")}, False),
        ({"type": FieldType.TEXT}, 5),
        ({"type": FieldType.TIMESTAMP}, "tomorrow"),
    ],
)
def test_a_default_or_example_that_no_caller_could_send_is_refused(members, value, what):
    assert f"the {what} does not fit" in refused(**members, **{what: value})


@pytest.mark.parametrize(
    ("members", "required"),
    [({}, True), ({"nullable": True}, False), ({"default": 0}, False), ({"example": 0}, True)],
)
def test_a_field_is_required_unless_nullable_or_with_a_default(members, required):
    assert Field(type=FieldType.NUMBER, **members).required is required


def test_a_declaration_is_told_without_its_defaults_and_reads_back_the_same():
    field = Field(type=FieldType.CATEGORY, values=("No", "Yes", 3), default="No", pii=True)

    plain = msgspec.json.decode(msgspec.json.encode(field.to_json()))

    assert plain == {
        "type": "category",
        "values": ["No", "Yes", 3],
        "default": "No",
        "pii": True,
    }
    assert msgspec.convert(plain, Field) == field


@pytest.mark.parametrize("default", [-1, 0, 2**53])
def test_whole_numbers_up_to_two_to_the_53_are_exact(default):
    assert Field(type=FieldType.INTEGER, default=default).default == default
