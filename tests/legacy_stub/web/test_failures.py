"""When there is no page."""

import pytest
from sqlalchemy import create_engine
from structlog.testing import capture_logs

from legacy_stub.web.app import create_app


@pytest.mark.parametrize(
    "address", ["/nothing", "/customers/C-99999", "/customers/%00", "/customers/..%2f..", "/a/b/c"]
)
def test_what_is_not_there_is_a_page_that_says_so(client, address):
    answer = client.get(address)

    assert answer.status_code == 404
    assert "Not found" in answer.text
    assert "Back to the customers" in answer.text


def test_what_is_not_there_for_programs_is_json(client):
    answer = client.get("/api/customers/C-99999", headers={"X-Request-ID": "r-1"})

    assert (answer.status_code, answer.json) == (404, {"error": "Not found", "request_id": "r-1"})


def test_a_method_that_is_not_allowed(client):
    assert client.post("/customers").status_code == 405


def test_a_database_that_is_away_is_a_503(sidecar, tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path}/no/such/folder/legacy.db")
    client = create_app(engine, sidecar, 0.3, frozenset()).test_client()

    with capture_logs() as log:
        assert client.get("/customers").status_code == 503
        assert client.get("/health").status_code == 503

    assert {"database.unavailable", "page.served"} == {event["event"] for event in log}


def test_a_bug_is_a_500_that_tells_nothing_but_where_to_look(app):
    def break_down():
        raise RuntimeError("secret")

    app.add_url_rule("/broken", "broken", break_down)

    with capture_logs() as log:
        answer = app.test_client().get("/broken", headers={"X-Request-ID": "r-1"})

    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "r-1" in answer.text
    assert "secret" not in str(log)
    assert log[0]["error"] == "RuntimeError"
    assert log[0]["where"].startswith("test_failures.py:")
