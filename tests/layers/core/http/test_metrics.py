"""`/metrics` is Prometheus' text, without a key and without a name."""

import re

from minerva.errors import Unavailable

LINE = re.compile(r'[a-z_]+(\{[a-z]+="[\w.+-]+"(,[a-z]+="[\w.+-]+")*\})? -?[\d.e+-]+')


def told(client, **headers) -> dict[str, float]:
    """The samples, by name with labels."""
    response = client.get("/metrics", **headers)
    assert response.status_code == 200
    assert response.content_type == "text/plain; version=0.0.4; charset=utf-8"
    lines = [line for line in response.text.splitlines() if not line.startswith("#")]
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def test_every_sample_has_a_kind_and_a_text(client):
    lines = client.get("/metrics").text.splitlines()
    kinds = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    texts = {line.split()[2] for line in lines if line.startswith("# HELP")}
    names = {re.split(r"[ {]", line)[0] for line in lines if not line.startswith("#")}
    assert kinds == texts == names


def test_what_all_workers_counted_is_told(sidecar, client):
    traffic = sidecar.house.traffic
    traffic.began()
    traffic.answered(200, 0.25)
    traffic.answered(503, 0.5)

    samples = told(client)

    assert samples["minerva_requests_in_flight"] == 1
    assert samples['minerva_requests_total{status="2xx"}'] == 1
    assert samples['minerva_requests_total{status="5xx"}'] == 1
    assert samples["minerva_request_seconds_total"] == 0.75
    assert samples["minerva_ready"] == 1


def test_who_was_told_to_stop_is_not_ready(sidecar, client):
    sidecar.house.draining.set()

    assert told(client)["minerva_ready"] == 0


def test_jobs_that_wait_are_told(sidecar, client):
    assert told(client)['minerva_jobs{queue="train",state="waiting"}'] == 0

    asked = client.post("/v1/services/churn/train", headers=sidecar.headers("train"))
    assert asked.status_code == 202

    samples = told(client)
    assert samples['minerva_jobs{queue="train",state="waiting"}'] == 1
    assert samples['minerva_jobs{queue="train",state="running"}'] == 0
    assert samples['minerva_jobs{queue="quick",state="waiting"}'] == 0


def test_without_a_database_the_rest_is_told(sidecar):
    class Away:
        def load(self):
            raise Unavailable("the database is away")

    samples = told(sidecar.client(jobs=Away()))

    assert samples["minerva_requests_in_flight"] == 0
    assert not [name for name in samples if name.startswith("minerva_jobs")]


def test_nobody_needs_a_key(sidecar):
    assert "minerva_info" in "".join(told(sidecar.client(local_only=False)))
