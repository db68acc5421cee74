"""Every request has its ids, its headers and one event, and no event has a payload."""

import structlog
from structlog.testing import capture_logs

from minerva.layers.core.http.app import create_app

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def finished(logs):
    return [log for log in logs if log["event"] == "request.finished"]


def test_ids_come_back_in_the_headers(client):
    response = client.get("/livez", headers={"X-Request-ID": "r-1", "traceparent": PARENT})

    assert response.headers["X-Request-ID"] == "r-1"
    assert response.headers["traceparent"].startswith("00-0af7651916cd43dd8448eb211c80319c-")
    assert response.headers["traceparent"] != PARENT


def test_the_legacy_apps_own_header_comes_back_too(sidecar):
    client = sidecar.client(request_id_header="X-Correlation")

    response = client.get("/livez", headers={"X-Correlation": "c-1"})

    assert response.headers["X-Correlation"] == "c-1"
    assert response.headers["X-Request-ID"] == "c-1"


def test_a_problem_names_the_same_id(client):
    response = client.get("/v1/services", headers={"X-Request-ID": "r-1"})

    assert response.json["request_id"] == "r-1"
    assert response.headers["X-Request-ID"] == "r-1"


def test_one_event_tells_of_a_request(sidecar, client, predict_body):
    headers = {**sidecar.headers("predict"), "X-Request-ID": "r-1"}
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logs:
        client.post(
            "/v1/services/churn/predict",
            data=predict_body,
            content_type="application/json",
            headers=headers,
        )

    (event,) = finished(logs)
    assert event["ms"] > 0
    facts = {"method": "POST", "route": "/v1/services/<service>/predict", "status": 200}
    context = {"tenant": "default", "service": "churn", "version": "1", "request_id": "r-1"}
    assert {**facts, **context, "layer": "core", "log_level": "info"}.items() <= event.items()


def test_payloads_are_in_no_event(sidecar, client, record):
    record["email"] = "anna@example.org"
    with capture_logs() as logs:
        client.post(
            "/v1/services/churn/predict", json={"records": [record]}, headers=sidecar.headers()
        )

    assert "anna@example.org" not in str(logs)
    assert "A-1" not in str(logs)


def test_one_requests_context_does_not_reach_the_next(sidecar, client):
    client.get("/v1/services/churn", headers=sidecar.headers())
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logs:
        client.get("/openapi.json")

    (event,) = finished(logs)
    assert "tenant" not in event
    assert "service" not in event


def test_probes_are_logged_at_debug_unless_they_fail(sidecar, client):
    with capture_logs() as logs:
        client.get("/livez")
        client.get("/nowhere")

    assert [(log["log_level"], log["route"]) for log in finished(logs)] == [
        ("debug", "/livez"),
        ("info", "(none)"),
    ]


def test_answers_are_neither_stored_nor_sniffed(sidecar, client):
    response = client.get("/v1/services", headers=sidecar.headers())

    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]


def test_a_view_that_breaks_still_has_its_event_and_headers(sidecar):
    class Broken:
        def all(self, tenant):
            raise ZeroDivisionError(tenant)

    client = sidecar.client(live=Broken())
    with capture_logs() as logs:
        response = client.get("/v1/services", headers={**sidecar.headers(), "X-Request-ID": "r-1"})

    assert response.status_code == 500
    assert response.headers["X-Request-ID"] == "r-1"
    events = [log["event"] for log in logs if log["event"].startswith("request.")]
    assert events == ["request.failed", "request.finished"]


def test_the_app_is_made_of_its_resources(sidecar):
    assert set(create_app(sidecar.house).blueprints) == {
        "health", "metrics", "services", "predict", "training", "jobs", "versions", "aliases", "docs",
        "schedules",
        "multi_model", "scoring", "tuning", "uploads", "webhooks",
        "models", "inference", "repository", "statistics", "monitoring", "revisions", "cards", "flows",
    }  # fmt: skip
