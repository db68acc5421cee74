"""Predictions for rows of text: CSV and NDJSON, in one answer or in a stream of them."""

import csv
import io
import json

import pytest
from structlog.testing import capture_logs

from minerva.layers.core.http.incoming import Gates

PATH = "/v1/services/churn/predict"
NAMES = "customer_id,tenure,contract,monthly_charges"
TABLE = f"{NAMES}\nC-1,3,One year,20.5\nC-2,70,Two year,\n".encode()
LINES = b"""{"customer_id": "C-1", "tenure": 3, "contract": "One year"}
{"customer_id": "C-2", "tenure": 70, "contract": "Two year"}
"""
CHANCES = {"churn": "No", "churn_probabilities": {"No": 0.75, "Yes": 0.25}}
ANSWERED = [
    "customer_id,churn,churn_probability_No,churn_probability_Yes,minerva_version,minerva_degraded,minerva_error",
    "C-1,No,0.75,0.25,1,false,",
    "C-2,No,0.75,0.25,1,false,",
]


@pytest.fixture
def ask(sidecar, client):
    """Return a function that sends a body of a content type."""
    headers = sidecar.headers("predict")

    def asked(body, content_type="text/csv", query="", **more):
        return client.post(
            PATH + query, data=body, content_type=content_type, headers={**headers, **more}
        )

    return asked


def ask_lines(ask, body, **more):
    """Return the answer's lines as JSON."""
    response = ask(body, "application/x-ndjson", **more)
    assert response.status_code == 200, response.text
    return [json.loads(line) for line in response.data.splitlines()]


def cells(response):
    """Return the rows of a table that answers."""
    assert response.status_code == 200, response.text
    return list(csv.DictReader(io.StringIO(response.text)))


def test_a_table_is_answered_by_a_table(ask):
    response = ask(TABLE)

    assert response.text.splitlines() == ANSWERED
    assert response.content_type == "text/csv; charset=utf-8; header=present"


@pytest.mark.parametrize(
    "body",
    [
        b"\xef\xbb\xbf" + TABLE,
        TABLE.replace(b"\n", b"\r\n"),
        TABLE.replace(b"\n", b"\n\n"),
        TABLE.replace(b"C-1", b'"C-1"').replace(b"tenure", b'"tenure"'),
        b"email,customer_id,region,contract,tenure\n,C-1,north,One year,3\n,C-2,south,Two year,70\n",
    ],
)
def test_marks_quotes_blank_lines_and_other_columns_change_nothing(ask, body):
    assert ask(body).text.splitlines() == ANSWERED


def test_semicolons_are_found_and_answered(ask):
    body = "\ufeffcustomer_id;tenure;contract;monthly_charges\nC-1;3;One year;20,5\n".encode()

    told = ask(body, query="?decimal=,").text.splitlines()

    assert told == [ANSWERED[0].replace(",", ";"), "C-1;No;0.75;0.25;1;false;"]


def test_other_encodings_are_named(ask):
    body = TABLE.replace(b"C-1", "Müller".encode("latin-1"))

    assert cells(ask(body, "text/csv; charset=latin-1"))[0]["customer_id"] == "Müller"
    assert ask(body, query="?encoding=latin-1").status_code == 200
    unreadable = ask(body)
    assert (unreadable.status_code, unreadable.json["faults"][0]["where"]) == (400, "row 1")


def test_a_table_without_names_is_the_fields_that_the_model_sees(ask):
    rows = cells(ask(b"3,One year,20.5,\n70,Two year,,\n", "text/csv; header=absent"))

    assert [row["churn"] for row in rows] == ["No", "No"]


def test_records_on_lines_are_answered_on_lines(ask):
    lines = ask_lines(ask, b"\xef\xbb\xbf" + LINES.replace(b"\n", b"\r\n\r\n"))

    predictions, end = lines[:-1], lines[-1]["end"]
    assert predictions == [{"prediction": {"customer_id": f"C-{n}", **CHANCES}} for n in (1, 2)]
    assert end.pop("request_id")
    assert end == {
        "complete": True,
        "rows": 2,
        "rejected": 0,
        "degraded": 0,
        "versions": ["1"],
        "service": "churn",
    }


def test_accept_asks_for_the_other_form(ask):
    told = ask(TABLE, Accept="application/x-ndjson")
    table = ask(LINES, "application/x-ndjson", Accept="text/csv")

    assert [*json.loads(told.text.splitlines()[0])] == ["prediction"]
    assert table.text.splitlines() == ANSWERED
    assert ask(TABLE, Accept="application/json, text/plain, */*").mimetype == "text/csv"
    assert ask(TABLE, Accept="image/png").status_code == 406


def test_a_row_that_does_not_fit_is_told_in_its_place_and_the_others_are_answered(ask):
    table = cells(
        ask(f"{NAMES}\nC-1,-3,One year,\nC-2,x,Weekly,\nC-3,3\nC-4,3,One year,\n".encode())
    )
    lines = ask_lines(ask, b'{"tenure": -3}\n\n{\n[]\n' + LINES)

    assert [row["churn"] for row in table] == ["", "", "", "No"]
    assert table[0]["minerva_error"] == 'column "tenure", row 1: is below the minimum of 0 month'
    assert 'column "contract", row 2' in table[1]["minerva_error"]
    assert table[2]["minerva_error"].startswith("row 3: has 2 cells")
    errors = [line["error"] for line in lines if "error" in line]
    assert [(one["line"], one["faults"][0]["where"]) for one in errors] == [
        (1, "line 1, /tenure"), (3, "line 3"), (4, "line 4"),
    ]  # fmt: skip
    assert lines[-1]["end"]["rejected"] == 3


@pytest.mark.parametrize(
    ("body", "where", "says"),
    [
        (b"tenure,monthly_charges\n3,2\n", 'column "contract"', "is missing in the first line"),
        (b"tenure,contract,contract\n3,One year,One year\n", 'column "contract"', "more than once"),
        (b"tenure,contract\n3,One year\n".replace(b"3", b"x"), 'column "tenure", row 1', "number"),
        (b"tenure,contract\n", "", "no rows"),
        (b"", "", "no rows"),
    ],
)
def test_a_table_of_which_nothing_fits_is_refused(ask, body, where, says):
    response = ask(body)

    assert (response.status_code, response.json["code"]) == (422, "invalid_input")
    assert response.json["faults"][0]["where"] == where
    assert says in response.json["faults"][0]["message"]


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b"{\n", "line 1"),
        (b'{"tenure": 1, "tenure": 2}', "line 1"),
        (b'{"tenure": 1}\n', "line 1, /contract"),
        (b'{"tenur": 1}\n', "line 1, /tenur"),
        (b'{"key": null}\n', "line 1"),
        (b'{"key": "C-1"}\n{"key": "C-2"}\n', "/keys"),
        (b"\xff\n", "line 1"),
        (b"[" * 15_000, "line 1"),
    ],
)
def test_lines_of_which_nothing_fits_are_refused(ask, body, where):
    response = ask(body, "application/x-ndjson")

    assert (response.status_code, response.json["code"]) == (422, "invalid_input")
    assert response.json["faults"][0]["where"] == where


def test_where_nothing_fits_at_the_beginning_what_comes_later_may(ask):
    wrong = b"".join(b'{"tenure": %d}\n' % n for n in range(12))

    lines = ask_lines(ask, wrong + LINES)

    assert [*lines[0], *lines[12], *lines[-1]] == ["error", "prediction", "end"]
    many = wrong * 100 + LINES
    assert len(many) < 20_000
    refused = ask(many, "application/x-ndjson")
    assert (refused.status_code, len(refused.json["faults"])) == (422, 20)


@pytest.mark.parametrize(
    ("content_type", "query", "status"),
    [
        ("text/csv; header=maybe", "", 422),
        ("text/csv", "?delimiter=,,", 422),
        ("text/csv", "?encoding=klingon", 422),
        ("text/csv", "?explain=perhaps", 422),
        ("text/csv", "?confidence=1", 422),
        ("application/x-ndjson", "?confidence=", 422),
        ("application/xml", "?confidence=maybe", 422),
        ("application/xml", "?confidenc=true", 422),
        ("text/csv", "?limit=3", 422),
        ("application/x-ndjson", "?decimal=,", 422),
        ("application/x-ndjson; charset=latin-1", "", 415),
        ("text/tab-separated-values", "", 415),
    ],
)
def test_a_form_that_cannot_be_read_is_refused(ask, content_type, query, status):
    assert ask(TABLE, content_type, query).status_code == status


@pytest.mark.parametrize(
    ("content_type", "query"),
    [
        ("application/json", "?explain=true"),
        ("application/json", "?confidence=true"),
        ("application/json", "?delimiter=;"),
        ("text/xml", "?delimiter=;"),
    ],
)
def test_what_a_body_has_no_use_for_is_refused(ask, content_type, query):
    body = json.dumps({"records": [{"tenure": 3, "contract": "One year"}]}).encode()

    response = ask(body, content_type, query)

    assert (response.status_code, response.json["code"]) == (422, "invalid_input")
    assert query[1:].startswith(response.json["faults"][0]["where"])
    assert ask(body, "application/json", "?other=1").status_code == 200


def test_quotes_that_never_end_and_bodies_that_are_too_large_are_refused(ask):
    assert ask(TABLE + b'"C-3,').status_code == 400
    assert ask(TABLE + b"x" * 20_000).status_code == 413


def test_many_rows_are_answered_some_at_a_time(ask):
    """More than the five that are answered together here, and more than one call may have."""
    rows = "".join(f"C-{n},{n},One year,\n" for n in range(300))

    with capture_logs() as logs:
        response = ask(f"{NAMES}\n{rows}".encode())
        table = cells(response)

    assert "Content-Length" not in response.headers
    assert [row["customer_id"] for row in table] == [f"C-{n}" for n in range(300)]
    (event,) = [log for log in logs if log["event"] == "prediction.streamed"]
    assert (event["rows"], event["rejected"], event["outcome"]) == (300, 0, "complete")
    assert {log["rows"] for log in logs if log["event"] == "prediction.answered"} == {5}


def test_what_ends_a_stream_too_early_is_told_at_its_end(ask):
    rows = "".join(f"C-{n},{666 if n == 12 else n},One year,\n" for n in range(20))
    lines = "".join(
        json.dumps({"tenure": 666 if n == 12 else n, "contract": "One year"}) + "\n"
        for n in range(20)
    )

    table = cells(ask(f"{NAMES}\n{rows}".encode()))
    told = ask_lines(ask, lines.encode())

    assert len(table) == 11
    assert table[-1]["minerva_error"].startswith("The answer ends here: algorithm_failed.")
    assert (len(told), told[-1]["end"]["complete"]) == (11, False)
    assert told[-1]["end"]["error"]["code"] == "algorithm_failed"
    assert "anna" not in str(table) + str(told)


def test_a_text_that_cannot_be_read_on_ends_the_answer(ask):
    rows = "".join(f"C-{n},{n},One year,\n" for n in range(12))

    table = cells(ask(f"{NAMES}\n{rows}".encode() + b'"never'))

    assert len(table) == 11
    assert "row 13: is not CSV" in table[-1]["minerva_error"]


def test_a_model_that_fails_at_once_has_a_status(ask):
    response = ask(f"{NAMES}\nC-1,666,One year,\n".encode())

    assert (response.status_code, response.json["code"]) == (502, "algorithm_failed")


def test_long_answers_have_places_and_a_caller_who_goes_away_leaves_it(sidecar):
    client, headers = sidecar.client(gates=Gates(1)), sidecar.headers("predict")
    rows = "".join(f"C-{n},{n},One year,\n" for n in range(20))

    def ask(body):
        return client.post(PATH, data=body, content_type="text/csv", headers=headers)

    with capture_logs() as logs:
        slow = ask(f"{NAMES}\n{rows}".encode())
        next(slow.iter_encoded())
        busy, short = ask(f"{NAMES}\n{rows}".encode()), ask(TABLE)
        slow.close()

    assert (busy.status_code, short.status_code) == (503, 200)
    (event,) = [log for log in logs if log["event"] == "prediction.streamed"]
    assert (event["outcome"], event["rows"]) == ("caller_gone", 5)  # the others were not asked
    assert ask(f"{NAMES}\n{rows}".encode()).status_code == 200


def test_rows_need_a_key_that_may_predict(sidecar, client):
    assert client.post(PATH, data=TABLE, content_type="text/csv").status_code == 401
    headers = sidecar.headers("train")
    for content_type in ("text/csv", "application/x-ndjson", "application/xml"):
        denied = client.post(PATH, data=TABLE, content_type=content_type, headers=headers)
        assert denied.status_code == 403


def test_services_of_other_tenants_are_not_found(sidecar, client):
    headers = {"X-API-Key": sidecar.key("predict", tenant="other")}

    for content_type in ("text/csv", "application/x-ndjson", "application/xml"):
        response = client.post(PATH, data=TABLE, content_type=content_type, headers=headers)
        assert response.status_code == 404
