"""Every request: ids, log line, headers."""

import json

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def events(log_file):
    return [json.loads(line) for line in log_file.read_text().splitlines()]


def test_one_request_has_one_id_from_page_to_sidecar_to_log(client, fake, log_file):
    sent = {"X-Request-ID": "order-1", "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}

    answer = client.get("/customers/C-00003", headers=sent)

    assert answer.headers["X-Request-ID"] == "order-1"
    assert fake.calls[0].headers["X-Request-ID"] == "order-1"
    assert fake.calls[0].headers["traceparent"].split("-")[1] == TRACE
    found = events(log_file)
    assert [event["event"] for event in found] == [
        *("prediction.asked", "prediction.received", "page.served")
    ]
    assert {(event["request_id"], event["trace_id"]) for event in found} == {("order-1", TRACE)}
    assert [event["unit"] for event in found] == ["main", "main", "ui"]


def test_the_log_names_the_route_and_not_what_was_searched_for(client, log_file):
    client.get("/customers?q=mateo")
    client.get("/customers/somebody@example.com")

    served = events(log_file)
    assert [event["route"] for event in served] == ["/customers", "/customers/<customer_id>"]
    assert [event["status"] for event in served] == [200, 404]
    assert "mateo" not in log_file.read_text()
    assert "somebody" not in log_file.read_text()


def test_every_answer_has_the_headers_that_protect_it(client):
    for address in ("/customers", "/nothing", "/static/legacy.css", "/api/riskiest"):
        with client.get(address) as answer:
            assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'")
            assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_pages_about_people_are_not_stored(client):
    assert client.get("/customers").headers["Cache-Control"] == "no-store"
