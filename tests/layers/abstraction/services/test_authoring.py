"""Writing a service file from what was guessed."""

import pandas as pd
import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from minerva.layers.abstraction.services.authoring import render, scalar
from minerva.layers.abstraction.services.declaration import DataDeclaration
from minerva.layers.abstraction.services.inference import infer
from minerva.layers.abstraction.services.parsing import parse

DATA = DataDeclaration(source="csv", path="a table.csv", delimiter=";", decimal=",")


def written(frame, target="churn", data=DATA):
    inferred = infer([frame.astype(str)], target)
    return inferred, render("churn", inferred, data, "a table.csv")


def cycle(values, rows):
    return [values[row % len(values)] for row in range(rows)]


def frame(**columns):
    rows = 40
    return pd.DataFrame(
        {
            "customer_id": range(rows),
            **{name: cycle(values, rows) for name, values in columns.items()},
            "churn": ["Yes", "No"] * (rows // 2),
        }
    )  # fmt: skip


def test_what_was_written_reads_back_as_what_was_guessed():
    inferred, text = written(
        frame(
            tenure=[1, 2],
            contract=["Month-to-month", "yes", "No", "null ", "a: b", "007", "ü, {x}"],
            note=[f"text {row}" for row in range(40)],
        )
    )

    declaration = parse(yaml.safe_load(text))

    assert declaration.schema == inferred.schema
    assert declaration.data == DATA
    assert declaration.algorithm == inferred.algorithm


def test_reads_as_a_person_would_write_it():
    _, text = written(frame(tenure=[1, 2], contract=["Month-to-month", "One year"]))

    lines = text.splitlines()
    assert "    tenure:   {type: integer, minimum: 0}" in lines
    assert "    contract: {type: category, values: [Month-to-month, One year]}" in lines
    assert '    churn: {type: category, values: ["No", "Yes"]}' in lines
    assert 'data: {source: csv, path: a table.csv, delimiter: ;, decimal: ","}' in lines


def test_says_why_a_field_is_not_used():
    _, text = written(frame(tenure=[1, 2], nothing=[5]))

    assert "    # nothing: not used: the same value in every row" in text


def test_breaks_lines_that_grow_too_long():
    values = [f"a rather long value number {row}" for row in range(12)]
    _, text = written(frame(region=values))

    assert max(map(len, text.splitlines())) <= 105
    assert parse(yaml.safe_load(text)).schema.inputs["region"].values == tuple(sorted(values))


def test_a_comment_cannot_break_out_of_its_line():
    inferred = infer([frame(tenure=[1, 2]).astype(str)], "churn")

    text = render("churn", inferred, DATA, "evil\nname: x")

    assert parse(yaml.safe_load(text)).service == "churn"


@pytest.mark.parametrize(
    ("values", "policy"),
    [
        (["Yes", "No"], '# serving: {deadline_ms: 200, default: {y: "No"}}'),
        (["true", "false"], '# serving: {deadline_ms: 200, default: {"y": false}}'),
        ([1.5, 2.5, 3.7], '# serving: {deadline_ms: 200, default: {"y": 0}}'),
    ],
)
def test_the_proposed_policies_parse_once_they_are_taken_in(values, policy):
    table = pd.DataFrame({"x": range(40), "y": [values[row % len(values)] for row in range(40)]})
    _, text = written(table, target="y")

    assert policy.replace("{y:", '{"y":') in text
    taken_in = text.replace("# training:", "training:").replace("# serving:", "serving:")
    declaration = parse(yaml.safe_load(taken_in))
    assert declaration.serving.default is not None
    assert declaration.training.gate is not None


@given(st.text())
@example("No")
@example("1e3")
@example("~")
@example("a: b")
@example("- x")
@example("é\x85\u2028")
@example("\ud7ff\U0001f600")
def test_every_text_reads_back_as_itself(text):
    assert yaml.safe_load(f"[{scalar(text)}, 1]") == [text, 1]
    assert yaml.safe_load(f"{{{scalar(text)}: 1}}") == {text: 1}


@pytest.mark.parametrize("value", [1, 2.5, True, None])
def test_other_values_read_back_as_themselves(value):
    assert yaml.safe_load(scalar(value)) == value
