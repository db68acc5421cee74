"""Target, algorithm and how rows are held out, proposed from the data."""

import pandas as pd
import pytest

from minerva.errors import InvalidConfiguration
from minerva.layers.abstraction.services.inference import infer
from minerva.schema import FieldType

ROWS = 300


def table(**columns):
    """Return a frame of text cells; each column is made from a row's number."""
    return pd.DataFrame(
        {name: [str(make(row)) for row in range(ROWS)] for name, make in columns.items()}, dtype=str
    )


def day(row):
    """Return a date that goes on with the rows."""
    return f"{2020 + row // 300}-{row // 28 % 12 + 1:02d}-{row % 28 + 1:02d}"


def late(row):
    """Return a class."""
    return "yes" if row * 7 % 13 % 3 == 0 else "no"


def size(row):
    """Return a number that comes back."""
    return row * 17 % 41


def by_name(inferred):
    """Return name → guess."""
    return {guess.name: guess for guess in inferred.guesses}


def test_a_target_is_proposed_by_its_name_else_the_last_that_can_be_predicted():
    named = infer([table(churned=late, size=size)], None)
    last = infer([table(size=size, late=late, note=lambda row: f"text {row}")], None)

    assert named.schema.target()[0] == "churned"
    assert last.schema.target()[0] == "late"
    assert by_name(last)["late"].notes[0] == "a proposal: --target names another column"


def test_where_nothing_can_be_predicted_the_person_is_asked():
    with pytest.raises(InvalidConfiguration, match="No column could be predicted") as caught:
        infer([table(id=lambda row: row, note=lambda row: f"text {row}")], None)

    assert caught.value.faults[0].where == "--target"


def test_rows_with_a_time_are_held_out_by_it_and_the_model_does_not_see_it():
    inferred = infer([table(size=size, ordered_at=day, late=late)], "late")

    assert (inferred.split.by, inferred.split.field) == ("time", "ordered_at")
    assert inferred.schema.features == ("size",)
    assert inferred.schema.inputs["ordered_at"].type is FieldType.TIMESTAMP
    assert by_name(inferred)["ordered_at"].notes[0].startswith("not used: rows are held out by it")


def test_a_time_that_is_the_only_input_stays_one():
    inferred = infer([table(ordered_at=day, price=lambda row: row * 1.5)], "price")

    assert inferred.schema.features == ("ordered_at",)
    assert inferred.split.by == "time"


def test_of_two_times_the_one_counts_that_is_called_so():
    inferred = infer([table(valid=day, created_at=day, size=size, late=late)], "late")

    assert inferred.split.field == "created_at"


def test_a_birthday_is_no_time_of_a_row():
    assert infer([table(birth_date=day, size=size, late=late)], "late").split is None


def test_rows_about_the_same_customer_are_held_out_together():
    inferred = infer([table(customer_id=lambda row: row // 3, size=size, late=late)], "late")

    assert (inferred.split.by, inferred.split.field) == ("group", "customer_id")
    assert inferred.schema.features == ("size",)


def test_few_rows_for_many_inputs_begin_with_a_weighted_sum():
    wide = {f"plan_{n}": lambda row, n=n: f"v{row * (n + 3) % 37}" for n in range(3)}

    few = infer([table(**wide, late=late)], "late")
    enough = infer([table(size=size, late=late)], "late")

    assert few.algorithm == "linear.classifier"
    assert "few for 108 inputs" in few.why
    assert enough.algorithm == "xgboost.classifier"


def test_where_all_that_is_left_is_text_it_is_read():
    inferred = infer([table(review=lambda row: f"it was {row} fine", late=late)], "late")

    assert inferred.algorithm == "text.classifier"
    assert inferred.schema.features == ("review",)


def test_a_quantity_is_predicted_by_regression():
    assert infer([table(size=size, price=lambda row: row * 1.5)], "price").algorithm.endswith(
        "regressor"
    )
