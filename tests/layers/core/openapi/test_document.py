"""The document is valid OpenAPI 3.1 and says of each field what the schema says."""

import msgspec
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from minerva.layers.abstraction.services.parsing import parse
from minerva.layers.core.openapi import document
from minerva.layers.core.openapi.records import field_schema
from minerva.layers.core.protocols.oip.outputs import described
from minerva.layers.core.protocols.oip.request import read_request
from minerva.schema import Decoder, Field
from minerva.schema.example import example_value

CHURN = {
    "service": "churn",
    "description": "Will this subscriber leave?",
    "algorithm": "constant",
    "schema": {
        "key": "customer_id",
        "inputs": {
            "tenure": {"type": "integer", "minimum": 0, "maximum": 72, "unit": "month"},
            "contract": {"type": "category", "values": ["Month-to-month", "One year"]},
            "charges": {"type": "number", "minimum": 0.5, "nullable": True, "unit": "USD"},
            "senior": {"type": "boolean", "default": False},
            "since": {"type": "timestamp", "nullable": True},
            "email": {"type": "text", "pii": True, "use": False, "description": "How to write"},
        },
        "output": {
            "churn": {"type": "category", "values": ["No", "Yes"]},
            "angry": {"type": "boolean"},
            "value": {"type": "number"},
        },
    },
}


def made(*declared, **options):
    declarations = [parse(one) for one in declared]
    return document([(one, one.schema) for one in declarations], **options)


@pytest.mark.parametrize("declared", [[], [CHURN], [CHURN, {**CHURN, "service": "churn-2"}]])
@pytest.mark.parametrize("keys_needed", [True, False])
def test_the_document_is_valid(declared, keys_needed):
    OpenAPIV31SpecValidator(made(*declared, keys_needed=keys_needed)).validate()


def test_each_service_has_a_path_of_its_own():
    paths = made(CHURN)["paths"]

    assert paths["/v1/services/churn/predict"]["post"]["operationId"] == "predict_churn"
    assert paths["/v1/services/churn/predict"]["post"]["description"] == CHURN["description"]
    assert "/v1/services/{service}/predict" not in paths


@pytest.mark.parametrize("declared", [[], [CHURN]])
def test_predictions_are_asked_and_answered_in_every_form(declared):
    (predict,) = (
        one for path, one in made(*declared)["paths"].items() if path.endswith("/predict")
    )
    forms = {"application/json", "text/csv", "application/x-ndjson", "application/xml", "text/xml"}

    assert predict["post"]["requestBody"]["content"].keys() == forms
    assert predict["post"]["responses"]["200"]["content"].keys() == forms


def test_whatever_takes_a_body_takes_it_compressed():
    coding = {"$ref": "#/components/parameters/ContentEncoding"}

    for operations in made(CHURN)["paths"].values():
        for operation in operations.values():
            assert (coding in operation["parameters"]) == ("requestBody" in operation)


def test_without_services_the_general_path_is_there():
    assert "/v1/services/{service}/predict" in made()["paths"]


def test_a_record_is_described_field_by_field():
    record = made(CHURN)["components"]["schemas"]["churn.Record"]

    assert record["required"] == ["tenure", "contract", "email"]
    assert record["additionalProperties"] is False
    fields = record["properties"]
    assert list(fields) == ["customer_id", *CHURN["schema"]["inputs"]]
    assert fields["tenure"] == {
        "description": "Unit: month.", "type": "integer", "minimum": 0, "maximum": 72, "examples": [36]
    }  # fmt: skip
    assert fields["contract"]["enum"] == ["Month-to-month", "One year"]
    assert (fields["charges"]["type"], fields["charges"]["minimum"]) == (["number", "null"], 0.5)
    assert fields["senior"]["default"] is False
    assert fields["since"]["format"] == "date-time"
    assert fields["email"]["description"] == "How to write. Accepted, not used by the model."


def test_a_prediction_is_described_with_its_probabilities():
    prediction = made(CHURN)["components"]["schemas"]["churn.Prediction"]

    assert prediction["required"] == ["churn", "angry", "value"]
    assert list(prediction["properties"]["churn_probabilities"]["properties"]) == ["No", "Yes"]
    assert prediction["properties"]["angry_probability"]["maximum"] == 1
    assert "value_probability" not in prediction["properties"]


def test_the_example_is_accepted_by_the_decoder_and_by_the_schema_itself():
    declaration = parse(CHURN)
    body = made(CHURN)["paths"]["/v1/services/churn/predict"]["post"]["requestBody"]
    (question,) = body["content"]["application/json"]["schema"]["examples"]
    record = made(CHURN)["components"]["schemas"]["churn.Record"]

    assert len(Decoder(declaration.schema).records(question["records"])) == 1
    Draft202012Validator(record).validate(question["records"][0])


def test_keys_are_offered_where_the_service_can_look_them_up():
    lookup = {"source": "sql", "url": "sqlite:///x", "query": "select 1", "lookup": "select :key"}

    without, with_keys = (
        made(one)["paths"]["/v1/services/churn/predict"]["post"]["requestBody"]["content"][
            "application/json"
        ]["schema"]
        for one in (CHURN, {**CHURN, "data": lookup})
    )

    assert (list(without["properties"]), without["required"]) == (
        ["records", "explain", "confidence"],
        ["records"],
    )
    assert list(with_keys["properties"]) == ["records", "keys", "explain", "confidence"]


def test_problems_of_the_open_inference_protocol_have_its_error_beside():
    told = made(CHURN)
    response = told["components"]["responses"]["InferenceProblem"]

    assert list(response["content"]) == ["application/json"]
    _, own = told["components"]["schemas"]["InferenceProblem"]["allOf"]
    assert own["required"] == ["error"]
    answers = {path: one["responses"]["default"]["$ref"].rpartition("/")[2]
               for path, methods in told["paths"].items() for one in methods.values()
               if "default" in one["responses"]}  # fmt: skip
    assert {path for path, name in answers.items() if name == "InferenceProblem"} == {
        path for path in answers if path.startswith("/v2")
    }


def test_the_example_of_an_inference_is_accepted():
    schema = parse(CHURN).schema
    body = made(CHURN)["paths"]["/v2/models/{service}/infer"]["post"]["requestBody"]
    (sent,) = body["content"]["application/json"]["schema"]["examples"]

    asked = read_request(sent, memoryview(b""), schema, described(schema), 1)

    assert list(asked.question.columns) == ["customer_id", *CHURN["schema"]["inputs"]]


def test_limits_are_told():
    body = made(CHURN, max_records=7)["paths"]["/v1/services/churn/predict"]["post"]["requestBody"]

    records = body["content"]["application/json"]["schema"]["properties"]["records"]
    assert (records["minItems"], records["maxItems"]) == (1, 7)


def test_which_aliases_can_be_moved_and_which_be_taken_away_is_told():
    alias = made()["paths"]["/v1/services/{service}/aliases/{alias}"]

    names = {method: operation["parameters"][1]["schema"] for method, operation in alias.items()}
    assert names == {
        "put": {"enum": ["champion", "challenger", "shadow", "standby"]},
        "delete": {"enum": ["challenger", "shadow", "standby"]},
    }


@pytest.mark.parametrize(
    ("body", "fits"),
    [
        ({"version": 2}, True),
        ({"version": "2", "share": 12.5, "reason": "better"}, True),
        ({"version": 2, "share": 0}, False),
        ({"version": 2, "share": 101}, False),
        ({"share": 10}, False),
    ],
)
def test_a_promotion_is_described_as_it_is_read(body, fits):
    put = made()["paths"]["/v1/services/{service}/aliases/{alias}"]["put"]
    schema = put["requestBody"]["content"]["application/json"]["schema"]

    assert Draft202012Validator(schema).is_valid(body) is fits


def test_every_operation_needs_a_key_except_probes():
    document_ = made(CHURN)

    assert document_["security"] == [{"bearer": []}, {"apiKey": []}]
    open_paths = [
        path
        for path, methods in document_["paths"].items()
        for operation in methods.values()
        if operation.get("security") == []
    ]
    assert sorted(open_paths) == ["/health", "/livez", "/metrics", "/ping", "/readyz", "/version"]


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ({"type": "integer"}, 1),
        ({"type": "integer", "minimum": 0, "maximum": 1}, 0),
        ({"type": "integer", "minimum": 0.5, "maximum": 2}, 1),
        ({"type": "integer", "minimum": 5}, 6),
        ({"type": "number", "maximum": -2}, -3),
        ({"type": "number", "minimum": 0, "maximum": 1}, 0.5),
        ({"type": "number", "default": 4.5}, 4.5),
        ({"type": "boolean"}, True),
        ({"type": "text"}, "text"),
    ],
)
def test_examples_lie_within_their_bounds(declared, expected):
    field = msgspec.convert(declared, Field)

    assert example_value(field) == expected
    Draft202012Validator(field_schema(field)).validate(expected)


def test_a_nullable_category_may_be_null():
    field = msgspec.convert({"type": "category", "values": ["a"], "nullable": True}, Field)

    assert field_schema(field)["enum"] == ["a", None]
