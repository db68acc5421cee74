"""A declaration: every member, every mistake, and the way back to JSON."""

import json
from datetime import date

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny import SCHEMA, a_declaration

from minerva.errors import Fault, InvalidConfiguration
from minerva.layers.abstraction.registry.manifest import canonical
from minerva.layers.abstraction.services.parsing import parse, parse_file

WHOLE = """\
service: churn
description: Will this subscriber leave?
algorithm: linear
parameters:
  shift: 1.5
schema:
  key: id
  inputs:
    x:
      type: integer
      minimum: 0
  output:
    churn: {type: category, values: ["No", "Yes"]}
data:
  source: sql
  url: ${LEGACY_DB_URL}
  query: select * from customers
  lookup: select * from customers where id = :key
training:
  schedule: 0 3 * * *
  holdout: 0.5
  seed: 7
  promote: false
  gate: {metric: roc_auc, at_least: 0.8, not_worse_than: champion}
serving:
  deadline_ms: 200
  default: {churn: "No"}
  max_concurrency: 64
monitoring: {drift: 0.5}
"""


@pytest.fixture
def faults_of(tmp_path):
    """Return the faults of a file as lines; `check` objects to nothing unless told."""

    def read(text: str, check=lambda declaration: None) -> list[str]:
        path = tmp_path / "churn.yaml"
        path.write_text(text)
        with pytest.raises(InvalidConfiguration, match=r"^churn\.yaml does not declare") as caught:
            parse_file(path, check)
        return [str(fault) for fault in caught.value.faults]

    return read


def faults(declared) -> dict[str, str]:
    """Return where → what is wrong."""
    with pytest.raises(InvalidConfiguration) as caught:
        parse(declared)
    return {fault.where: fault.message for fault in caught.value.faults}


def test_every_member_is_read(tmp_path):
    (tmp_path / "churn.yaml").write_text(WHOLE)

    declaration = parse_file(tmp_path / "churn.yaml", lambda declaration: None)

    assert (declaration.service, declaration.algorithm) == ("churn", "linear")
    assert declaration.description == "Will this subscriber leave?"
    assert declaration.parameters == {"shift": 1.5}
    assert declaration.schema.key == "id"
    assert declaration.data.url == "${LEGACY_DB_URL}"
    assert declaration.data.lookup.endswith(":key")
    training = declaration.training
    assert (training.holdout, training.seed, training.promote) == (0.5, 7, False)
    assert training.schedule == "0 3 * * *"
    assert (training.gate.at_least, training.gate.not_worse_than) == (0.8, "champion")
    assert declaration.serving.default == {"churn": "No"}
    assert (declaration.serving.deadline_ms, declaration.serving.max_concurrency) == (200, 64)
    assert declaration.monitoring.drift == 0.5


def test_what_is_left_out_has_its_default():
    declaration = parse({"service": "a", "algorithm": "b", "schema": SCHEMA, "data": None})

    assert (declaration.description, declaration.parameters, declaration.data) == ("", {}, None)
    assert (declaration.training.holdout, declaration.training.promote) == (0.25, True)
    assert declaration.serving.default is None
    assert declaration.monitoring.drift == 0.2
    assert "monitoring" not in declaration.to_json()


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("service: churn", "service: Churn", "churn.yaml:1: service: Expected 'str' matching regex"),
        ("service: churn", "service:", "churn.yaml:1: 'service' is missing"),
        ("algorithm: linear", "algoritm: linear", "churn.yaml:3: algoritm: unknown; did you mean 'algorithm'?"),
        ("algorithm: linear", "algorithm: [linear]", "churn.yaml:3: algorithm: Expected 'str', got 'array'"),
        ("  shift: 1.5", "  - shift", "churn.yaml:4: parameters: Expected 'object', got 'array'"),
        ("  shift: 1.5", "  1: 2", "churn.yaml:5: parameters.1: a name is text; quote it"),
        ("  shift: 1.5", "  since: 2026-01-31", "churn.yaml:5: parameters.since: is a date, not JSON; quote it if it is text"),
        ("  shift: 1.5", "  shift: .nan", "churn.yaml:5: parameters.shift: is NaN or infinity; write a number"),
        ("  shift: 1.5", "  a: [{b: 99999999999999999999}]", "churn.yaml:5: parameters.a.0.b: is beyond 64 bits"),
        ("  shift: 1.5", '  a: "\\ud800"', "churn.yaml:5: parameters.a: holds half of a surrogate pair"),
        ("  shift: 1.5", "  a: !!set {b}", "churn.yaml:5: parameters.a: is a set, not JSON; quote it if it is text"),
        ("      type: integer", "      type: int", "churn.yaml:10: schema.inputs.x.type: unknown; did you mean 'integer'?"),
        ("      minimum: 0", "      minimum: low", "churn.yaml:11: schema.inputs.x.minimum: Expected 'float | null', got 'str'"),
        ("      minimum: 0", "      minimun: 0", "churn.yaml:11: schema.inputs.x.minimun: unknown; did you mean 'minimum'?"),
        ('["No", "Yes"]', "[No, Yes]", "churn.yaml:13: schema.output.churn: a value is true or false"),
        ("  key: id", "  key: x", "churn.yaml:7: schema.key: must be a name of its own"),
        ("  source: sql", "  source: excel", "churn.yaml:15: data.source: unknown; known: csv, ndjson, parquet, sql"),
        ("  query: select * from customers\n", "", "churn.yaml:14: data: source sql needs 'query'"),
        ("  query: select * from customers\n", "  quarry: 1\n", "churn.yaml:17: data.quarry: unknown; did you mean 'query'?"),
        ("  holdout: 0.5", "  holdout: 1", "churn.yaml:21: training.holdout: Expected 'float' < 1.0"),
        ("  seed: 7", "  seed: -1", "churn.yaml:22: training.seed: Expected 'int' >= 0"),
        ("{metric: roc_auc,", "{", "churn.yaml:24: training.gate: missing member 'metric'"),
        ("0 3 * * *", "0 25 * * *", "churn.yaml:20: training.schedule: not a cron expression of five fields: Bad hour"),
        ("0 3 * * *", "0 0 3 * * *", "churn.yaml:20: training.schedule: not a cron expression of five fields: seconds"),
        ("0 3 * * *", "0 0 30,31 2 *", "churn.yaml:20: training.schedule: "),
        ("  deadline_ms: 200", "  deadline_ms: 0", "churn.yaml:26: serving.deadline_ms: Expected 'int' >= 1"),
        ('{churn: "No"}', "{churn: No}", "churn.yaml:27: serving.default.churn: is not one of 'No', 'Yes' (quote"),
        ('{churn: "No"}', "{churn: Maybe}", "churn.yaml:27: serving.default.churn: is not one of 'No', 'Yes'"),
        ('{churn: "No"}', "{churn: [1]}", "churn.yaml:27: serving.default.churn: expected one of 'No', 'Yes', got an array"),
        ('{churn: "No"}', '{churn: "No", x: 1}', "churn.yaml:27: serving.default.x: not an output of this service"),
        ('{churn: "No"}', "{}", "churn.yaml:27: serving.default: lacks the output 'churn'"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_file_and_line(faults_of, old, new, fault):
    assert WHOLE.count(old) >= 1

    told = faults_of(WHOLE.replace(old, new, 1))

    assert [line for line in told if line.startswith(fault)], told


def test_what_only_the_house_knows_is_located_too(faults_of):
    def check(declaration):
        fault = Fault("/parameters/shift", "is too much")
        raise InvalidConfiguration("The parameters do not fit.", faults=[fault])

    assert faults_of(WHOLE, check) == ["churn.yaml:5: parameters.shift: is too much"]


@pytest.mark.parametrize("declared", [None, 5, "churn", ["service"], date(2026, 1, 1)])
def test_what_is_no_mapping_is_no_declaration(declared):
    assert faults(declared) == {"": "expected a mapping with service, algorithm and schema"}


def test_a_file_that_is_a_list_is_told_with_its_line(faults_of):
    assert faults_of("# hello\n- service: churn\n") == [
        "churn.yaml:2: expected a mapping with service, algorithm and schema"
    ]


def test_all_that_is_missing_is_told_at_once():
    with pytest.raises(InvalidConfiguration) as caught:
        parse({"service": None, "schema": None})

    assert [fault.message for fault in caught.value.faults] == [
        "'service' is missing",
        "'algorithm' is missing",
        "'schema' is missing",
    ]


@pytest.mark.parametrize(
    "name", ["", "a b", "a/b", "..", "é", "1a", "a" * 64, "churn\n", "a\x00", 5]
)
def test_a_name_fits_into_paths_and_urls(name):
    assert list(faults(a_declaration(name))) == ["/service"]


@pytest.mark.parametrize("source", ["csv", "parquet"])
def test_a_file_source_needs_a_path(source):
    assert faults(a_declaration(data={"source": source})) == {
        "/data": f"source {source} needs 'path'"
    }


def test_at_most_twenty_values_are_told_that_are_no_json():
    parameters = {f"p{n}": float("inf") for n in range(100)}

    assert len(faults(a_declaration(parameters=parameters))) == 20


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
declarations = st.fixed_dictionaries(
    {
        "service": st.from_regex(r"[a-z][a-z0-9_-]{0,62}", fullmatch=True),
        "algorithm": st.text(min_size=1),
        "schema": st.just(SCHEMA),
    },
    optional={
        "description": st.text(),
        "parameters": st.dictionaries(st.text(), plain, max_size=3),
        "data": st.fixed_dictionaries(
            {"source": st.sampled_from(["csv", "parquet"]), "path": st.text()},
            optional={"decimal": st.sampled_from([".", ","]), "delimiter": st.sampled_from(";,\t")},
        ),
        "training": st.fixed_dictionaries(
            {},
            optional={
                "holdout": st.floats(0.01, 0.99),
                "seed": st.integers(0, 2**31 - 1),
                "promote": st.booleans(),
                "schedule": st.sampled_from(["0 3 * * *", "*/5 * * * 1-5"]),
                "gate": st.fixed_dictionaries(
                    {"metric": st.text()}, optional={"at_most": st.floats(-9, 9)}
                ),
            },
        ),
        "serving": st.fixed_dictionaries(
            {},
            optional={
                "deadline_ms": st.integers(1, 600_000),
                "default": st.fixed_dictionaries({"y": st.floats(-9, 9)}),
                "max_concurrency": st.none() | st.integers(1, 10_000),
            },
        ),
    },
)


@given(declarations)
@settings(max_examples=100, deadline=None)
def test_a_declaration_survives_json_in_any_order_of_members(declared):
    declaration = parse(declared)

    kept = json.loads(canonical(declaration.to_json()))

    assert parse(kept) == declaration
    assert canonical(parse(kept).to_json()) == canonical(declaration.to_json())


@given(st.dictionaries(st.sampled_from([*a_declaration(), "training", "serving", "extra"]), plain))
@settings(max_examples=150, deadline=None)
def test_whatever_is_declared_is_read_or_refused_with_pointers(parts):
    try:
        parse({**a_declaration(), **parts})
    except InvalidConfiguration as error:
        assert error.faults
        assert all(fault.where == "" or fault.where.startswith("/") for fault in error.faults)
    else:
        msgspec.json.encode(parts)


TUNED = (
    WHOLE
    + """\
tuning:
  space:
    shift: {low: 0.1, high: 9, log: true}
    kind:
      values: [a, b]
  trials: 20
"""
)


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ("high: 9", "high: 0.1", "tuning.space.shift: low (0.1) must be below high (0.1)"),
        ("low: 0.1", "low: 0", "tuning.space.shift: log needs a low above 0, not 0"),
        ("low: 0.1, ", "", "tuning.space.shift: needs low and high, or values"),
        ("low: 0.1", "lowest: 0.1", "tuning.space.shift.lowest: unknown; did you mean 'low'?"),
        ("log: true", "type: integer", "tuning.space.shift: an integer ranges between whole numbers"),
        ("[a, b]", "[a]", "tuning.space.kind: needs at least two values; one alone belongs into"),
        ("[a, b]", "[a, a]", "tuning.space.kind: repeats a value"),
        ("[a, b]", "[a, b]\n      low: 1", "tuning.space.kind: has values, so it takes neither"),
        ("[a, b]", "[[1], b]", "tuning.space.kind.values.0: Expected"),
        ("trials: 20", "trials: 0", "tuning.trials: Expected 'int' >= 1"),
        ("trials: 20", "folds: 3\n  holdout: 0.2", "tuning.folds: declare folds or holdout, not both"),
        ("trials: 20", "accept: nobody", "tuning.accept: unknown; known: gate, person"),
        ("trials: 20", "trails: 20", "tuning.trails: unknown; did you mean 'trials'?"),
    ],
)  # fmt: skip
def test_every_mistake_of_a_tuning_is_told_with_its_line(faults_of, before, after, fault):
    assert before in TUNED

    (told,) = faults_of(TUNED.replace(before, after))

    assert fault in told, told
    assert told.startswith("churn.yaml:")


def test_a_space_without_parameters_is_refused(faults_of):
    (told,) = faults_of(WHOLE + "tuning: {space: {}}\n")

    assert "names no parameter; leave it out for the algorithm's own space" in told


def test_a_tuning_comes_back_from_json(tmp_path):
    path = tmp_path / "churn.yaml"
    path.write_text(TUNED)

    declaration = parse_file(path, lambda declaration: None)

    assert parse(json.loads(canonical(declaration.to_json()))) == declaration
    assert list(declaration.tuning.space) == ["shift", "kind"]
    assert declaration.tuning.trials == 20
