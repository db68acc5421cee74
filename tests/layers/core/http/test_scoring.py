"""Scoring as MLflow's clients ask for it: every form, and what callers get wrong."""

import json

import pytest
from structlog.testing import capture_logs

from minerva import __version__

RECORDS = [
    {"customer_id": "C-1", "tenure": 3, "contract": "One year", "monthly_charges": 20.5},
    {"customer_id": "C-2", "tenure": 70, "contract": "Two year", "monthly_charges": None},
]
NAMES = [*RECORDS[0]]
ROWS = [list(record.values()) for record in RECORDS]
FORMS = {
    "dataframe_split": {"columns": NAMES, "index": [7, 8], "data": ROWS},
    "dataframe_records": RECORDS,
    "instances": RECORDS,
    "inputs": {name: [record[name] for record in RECORDS] for name in NAMES},
}
TABLE = b"customer_id,tenure,contract,monthly_charges\nC-1,3,One year,20.5\nC-2,70,Two year,\n"
WITHOUT_NAMES = b"3,One year,20.5,\n70,Two year,,\n"
CHANCES = {"churn": "No", "churn_probabilities": {"No": 0.75, "Yes": 0.25}}
PREDICTIONS = [{"customer_id": record["customer_id"], **CHANCES} for record in RECORDS]


@pytest.fixture
def caller(sidecar):
    """A client of an application whose default service is the one there is."""
    return sidecar.client(default_service="churn")


@pytest.fixture
def ask(caller, sidecar):
    """Return a function that invokes the default service, in JSON unless told."""
    headers = sidecar.headers("predict")

    def asked(body, content_type="application/json", **more):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return caller.post(
            "/invocations", data=data, content_type=content_type, headers={**headers, **more}
        )

    return asked


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_json_is_answered_by_predictions_alone(ask, form):
    response = ask({form: FORMS[form]})

    assert response.json == {"predictions": PREDICTIONS}
    assert response.headers["X-Minerva-Version"] == "1"
    assert "X-Minerva-Degraded" not in response.headers


@pytest.mark.parametrize("form", ["instances", "inputs"])
def test_rows_without_names_are_the_fields_that_the_model_sees(ask, form):
    response = ask({form: [[3, "One year", 20.5, None], [70, "Two year", None, None]]})

    assert response.json == {"predictions": [CHANCES | {"customer_id": None}] * 2}


def test_a_table_may_name_its_columns_or_not(ask):
    assert ask(TABLE, "text/csv").json == {"predictions": PREDICTIONS}
    for told in ("text/csv", "text/csv; header=absent"):
        assert len(ask(WITHOUT_NAMES, told).json["predictions"]) == 2


def test_a_table_is_given_to_those_who_ask_for_one(ask):
    named = ask(TABLE, "text/csv", Accept="text/csv")
    unnamed = ask(WITHOUT_NAMES, "text/csv", Accept="text/csv")

    assert named.text.splitlines() == [
        "customer_id,churn,churn_probability_No,churn_probability_Yes",
        "C-1,No,0.75,0.25",
        "C-2,No,0.75,0.25",
    ]
    assert named.content_type == "text/csv; charset=utf-8; header=present"
    assert unnamed.text.splitlines() == [",No,0.75,0.25"] * 2
    assert unnamed.content_type == "text/csv; charset=utf-8; header=absent"


def test_what_python_writes_for_a_missing_number_is_null(ask):
    record = RECORDS[0] | {"monthly_charges": float("nan"), "customer_id": 'Na"NaN'}

    response = ask({"dataframe_records": [record]})

    assert response.json["predictions"][0]["customer_id"] == 'Na"NaN'


def test_columns_that_the_service_does_not_know_are_left_out(ask):
    split = {"columns": [*NAMES, "region"], "data": [[*row, "north"] for row in ROWS]}

    assert ask({"dataframe_split": split}).json == {"predictions": PREDICTIONS}
    records = [record | {"region": "north"} for record in RECORDS]
    assert ask({"dataframe_records": records}).json == {"predictions": PREDICTIONS}


@pytest.mark.parametrize(
    ("body", "status", "name", "where"),
    [
        ({}, 422, "INVALID_PARAMETER_VALUE", ""),
        ([], 400, "BAD_REQUEST", ""),
        ({"inputs": [], "instances": []}, 422, "INVALID_PARAMETER_VALUE", ""),
        ({"instances": RECORDS, "more": 1}, 422, "INVALID_PARAMETER_VALUE", "/more"),
        ({"instances": []}, 422, "INVALID_PARAMETER_VALUE", "/instances"),
        ({"instances": RECORDS * 3}, 413, "REQUEST_LIMIT_EXCEEDED", "/instances"),
        ({"instances": [[1, 2]]}, 422, "INVALID_PARAMETER_VALUE", "/instances/0"),
        ({"instances": [{"tenure": 3}]}, 422, "INVALID_PARAMETER_VALUE", "/instances/0/contract"),
        ({"inputs": {"tenure": 3}}, 422, "INVALID_PARAMETER_VALUE", "/inputs/tenure"),
        ({"inputs": {"region": [3]}}, 422, "INVALID_PARAMETER_VALUE", "/inputs"),
        (
            {"inputs": FORMS["inputs"] | {"tenure": [3, "x"]}},
            422,
            "INVALID_PARAMETER_VALUE",
            "/inputs/tenure/1",
        ),
        ({"dataframe_split": {}}, 422, "INVALID_PARAMETER_VALUE", "/dataframe_split"),
        (
            {"dataframe_split": {"columns": ["tenure", "tenure"], "data": [[1, 2]]}},
            422,
            "INVALID_PARAMETER_VALUE",
            "/dataframe_split/columns/1",
        ),
        (
            {"dataframe_split": {"columns": NAMES, "data": [["C-1", -1, "One year", None]]}},
            422,
            "INVALID_PARAMETER_VALUE",
            "/dataframe_split/data/0/1",
        ),
        (
            {"instances": RECORDS, "params": {"depth": 1}},
            422,
            "INVALID_PARAMETER_VALUE",
            "/params/depth",
        ),
        (
            {"instances": RECORDS, "params": {"explain": 1}},
            422,
            "INVALID_PARAMETER_VALUE",
            "/params/explain",
        ),
        (
            {"instances": RECORDS, "params": {"confidence": "yes"}},
            422,
            "INVALID_PARAMETER_VALUE",
            "/params/confidence",
        ),
    ],
)
def test_what_is_wrong_is_pointed_at_in_mlflows_words(ask, body, status, name, where):
    response = ask(body)

    assert (response.status_code, response.json["error_code"]) == (status, name)
    assert response.json["faults"][0]["where"] == where
    assert response.json["faults"][0]["message"] in response.json["message"]


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b"tenure,monthly_charges\n3,2\n", 'column "contract"'),
        (b"tenure,contract,contract\n3,One year,One year\n", 'column "contract"'),
        (b"tenure,contract\n3\n", "row 1"),
        (b"tenure,contract\n3,One year\nx,One year\n", 'column "tenure", row 2'),
        (b"tenure;contract\n3;One year\n", "row 1"),
        (b"tenure,contract\n", ""),
        (b"", ""),
    ],
)
def test_a_table_that_does_not_fit_is_refused_as_a_whole(ask, body, where):
    response = ask(body, "text/csv")

    assert response.status_code == 422
    assert response.json["faults"][0]["where"] == where


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'tenure,contract\n"3,One year\n', 400),
        (b"tenure\xff", 400),
        (TABLE + b"C,1,x,1\n" * 5, 413),
    ],
)
def test_a_table_that_cannot_be_read_or_is_too_long_is_refused(ask, body, status):
    assert ask(body, "text/csv").status_code == status


def test_other_content_types_are_neither_taken_nor_given(ask):
    assert ask(b"<a/>", "text/xml").status_code == 415
    refused = ask({"instances": RECORDS}, Accept="image/png")
    assert (refused.status_code, refused.json["code"]) == (406, "not_acceptable")
    assert ask(TABLE, "text/csv; header=maybe").status_code == 422


def test_no_value_of_a_body_is_told(ask):
    with capture_logs() as logs:
        refused = ask({"instances": [RECORDS[0] | {"contract": "for anna@example.org"}]})

    assert refused.status_code == 422
    assert "anna" not in refused.text
    assert "anna" not in str(logs)


def test_a_model_that_fails_is_told_without_what_it_said(ask):
    response = ask({"instances": [RECORDS[0] | {"tenure": 666}]})

    assert response.status_code >= 500
    assert response.json["error_code"] in {"INTERNAL_ERROR", "TEMPORARILY_UNAVAILABLE"}
    assert "anna" not in response.text


def test_without_a_default_service_nothing_is_found(client, sidecar):
    response = client.post(
        "/invocations", json={"instances": RECORDS}, headers=sidecar.headers("predict")
    )

    assert (response.status_code, response.json["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")
    assert "default_service" in response.json["message"]


def test_an_invocation_needs_a_key_that_may_predict(caller, sidecar):
    assert caller.post("/invocations", json={"instances": RECORDS}).status_code == 401
    other = sidecar.headers("train")
    denied = caller.post("/invocations", json={"instances": RECORDS}, headers=other)
    assert (denied.status_code, denied.json["error_code"]) == (403, "PERMISSION_DENIED")


@pytest.mark.parametrize("path", ["/ping", "/health"])
def test_probes_tell_whether_the_default_service_answers(client, caller, sidecar, path):
    assert client.get(path).status_code == 200
    assert caller.get(path).json == {"status": "ready"}
    assert sidecar.client(default_service="nobody").get(path).status_code == 503
    sidecar.house.draining.set()
    assert caller.get(path).status_code == 503


def test_the_release_is_told_as_text(client):
    response = client.get("/version")

    assert (response.text, response.mimetype) == (__version__, "text/plain")
