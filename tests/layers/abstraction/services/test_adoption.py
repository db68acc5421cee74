"""From what a model file tells to a service file."""

import pytest
import yaml

from minerva.algorithm import Inspected
from minerva.errors import Conflict, InvalidConfiguration, InvalidData
from minerva.layers.abstraction.services.adoption import (
    Found,
    Wanted,
    outstanding,
    read_output,
    render,
    repoint,
)
from minerva.layers.abstraction.services.parsing import parse

INSPECTED = Inspected(
    inputs={
        "tenure": {"type": "number", "nullable": True},
        "plan: new": {"type": "category", "values": ["No", "on", "3"]},
    },
    output={"type": "boolean"},
    notes=["tenure: months, or years", "The classes have no names."],
)
FOUND = Found("best.ubj", "xgboost.model", {"path": "models/churn/0123/best.ubj"}, INSPECTED)


@pytest.mark.parametrize(("text", "name", "field"), [
    ("churn", "churn", None),
    ("churn=No, Yes", "churn", {"type": "category", "values": ["No", "Yes"]}),
    ("churn=0,1,-2", "churn", {"type": "category", "values": [0, 1, -2]}),
    ("churn=0,1,x", "churn", {"type": "category", "values": ["0", "1", "x"]}),
    ("price=number", "price", {"type": "number"}),
    ("price=boolean", "price", {"type": "boolean"}),
])  # fmt: skip
def test_an_output_is_read(text, name, field):
    assert read_output(text) == (name, field)


@pytest.mark.parametrize("text", ["", "=", "churn=", "=a,b"])
def test_an_output_without_name_or_values_is_refused(text):
    with pytest.raises(InvalidConfiguration, match="--output takes"):
        read_output(text)


@pytest.mark.parametrize(("lines", "missing"), [
    (["numpy==2.1.0"], False),
    (["numpy"], False),
    (["numpy>=2"], False),
    (["numpy==2.0.0"], True),
    (["torch==2.5.0"], False),
    (["numpy==2.1.0", "scipy==1.0"], True),
    (["what is this"], True),
    ([], False),
])  # fmt: skip
def test_requirements_count_as_a_whole_unless_all_are_met(lines, missing):
    installed = {"numpy": "2.1.0", "torch": "2.5.0+cpu"}

    assert outstanding(lines, installed.get) == (lines if missing else [])


def test_a_service_file_is_written_with_what_to_check_beside_it():
    text = render(FOUND, Wanted("churn", "churn", allow_pickle=True, requirements=["numpy==1.0"]))

    service = parse(yaml.safe_load(text))
    assert service.schema.inputs["plan: new"].values == ("No", "on", "3")
    assert service.parameters == {"path": "models/churn/0123/best.ubj"}
    assert service.requirements == ("numpy==1.0",)
    assert service.allow_pickle
    assert "    # check: months, or years\n    tenure:" in text
    assert "schema:\n  # check: The classes have no names.\n  inputs:" in text
    assert "# serving: {deadline_ms: 200, default: {churn: false}}" in text


def test_a_declared_output_wins():
    field = {"type": "category", "values": ["No", "Yes"]}

    text = render(FOUND, Wanted("churn", "churn", field))

    assert parse(yaml.safe_load(text)).schema.output["churn"].values == ("No", "Yes")


def test_an_output_that_the_file_does_not_tell_is_a_number_to_check():
    found = Found("a.pt", "torch.model", {"path": "a"}, Inspected(inputs={"a": {"type": "number"}}))

    text = render(found, Wanted("churn"))

    assert parse(yaml.safe_load(text)).schema.output["prediction"].type == "number"
    assert "# check: The file does not say what it gives" in text


def test_nested_parameters_are_written():
    parameters = {"path": "models/a", "options": {"scores": "logit", "trusted": ["a.b"]}}
    found = Found("run", "mlflow.model", parameters, INSPECTED)

    text = render(found, Wanted("churn"))

    assert yaml.safe_load(text)["parameters"] == parameters


def test_a_file_that_tells_no_inputs_needs_a_service():
    with pytest.raises(InvalidData, match="does not say which inputs"):
        render(Found("a.pt", "torch.model", {}, Inspected()), Wanted("churn"))


WRITTEN = """# mine
service: churn
algorithm: xgboost.model
parameters:
  rounds: all   # all of them
  path: "models/old.ubj"  # the best
schema: {inputs: {a: {type: number}}, output: {y: {type: number}}}
"""


def test_a_path_is_changed_in_place():
    assert repoint(WRITTEN, "models/new.ubj") == WRITTEN.replace(
        '"models/old.ubj"', "models/new.ubj"
    )


def test_leave_to_read_pickles_is_added_once():
    text = repoint(WRITTEN, "new", allow_pickle=True)

    assert yaml.safe_load(text)["allow_pickle"] is True
    assert repoint(text, "new", allow_pickle=True) == text


@pytest.mark.parametrize("text", [
    "parameters: 7\n", "a: b\n", "parameters: {path: [a]}\n", "parameters: {rounds: all}\n",
    "parameters: &p {path: a}\nother: *p\n", "allow_pickle: false\nparameters: {path: a}\n",
])  # fmt: skip
def test_a_file_that_cannot_be_changed_in_place_is_left_to_its_owner(text):
    with pytest.raises(Conflict):
        repoint(text, "new", allow_pickle=True)
