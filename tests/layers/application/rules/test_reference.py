"""docs/rules.md says what is true: its examples run, its tables are complete."""

import re
from pathlib import Path

import pytest
import yaml

from minerva import InvalidConfiguration
from minerva.layers.application.rules import Rules
from minerva.layers.application.rules.compiler import compile_expression
from minerva.layers.application.rules.functions import DEFAULT, FUNCTIONS
from minerva.layers.application.rules.kinds import Kind
from minerva.layers.application.rules.tokens import KEYWORDS
from minerva.schema import Decoder

PAGE = (Path(__file__).parents[4] / "docs" / "rules.md").read_text()


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_declared_service_answers(bench):
    (block,) = blocks("yaml")
    service = yaml.safe_load(block)
    rules = bench(Rules(), service["schema"], **service["parameters"])
    record = {
        "tenure": 3,
        "contract": "Month-to-month",
        "monthly_charges": 80,
        "total_charges": 240,
    }
    records = [record, {**record, "tenure": 9, "total_charges": None}, {**record, "tenure": 9}]

    answer = rules.train().predict(Decoder(rules.schema).records(records))["churn"]

    assert answer.tolist() == [[0, 1], [0.3, 0.7], [1, 0]]


def test_the_shown_error_is_the_one_that_is_raised(bench):
    service = yaml.safe_load(blocks("yaml")[0])
    service["parameters"]["rules"][0]["when"] = "contract == 'Month-to-month' and tenur < 6"

    with pytest.raises(InvalidConfiguration) as caught:
        bench(Rules(), service["schema"], **service["parameters"]).train()

    assert str(caught.value) == blocks("text")[0].rstrip()


@pytest.mark.parametrize("line", "".join(blocks("rules")).splitlines())
def test_what_is_said_to_be_true_is(schema, record, line):
    batch = Decoder(schema).records([record(tenure=5)])

    assert compile_expression(line, schema, Kind.TRUTH).run(batch).tolist() == [True]


def test_every_function_and_keyword_is_described():
    described = set(re.findall(r"`(\w+)\(", PAGE))

    assert described == {*FUNCTIONS, DEFAULT}
    assert [word for word in KEYWORDS if f'"{word}"' not in PAGE] == []
