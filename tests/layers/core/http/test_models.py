"""Server and models as clients of the Open Inference Protocol see them."""

from dataclasses import replace

import pytest

ROUTES = (
    "/v2",
    "/v2/health/live",
    "/v2/health/ready",
    "/v2/models/churn",
    "/v2/models/churn/ready",
    "/v2/models/churn/versions/1",
    "/v2/models/churn/versions/1/ready",
    "/v2/models/stats",
    "/v2/models/churn/stats",
    "/v2/models/churn/versions/1/stats",
)


@pytest.fixture
def get(sidecar, client):
    """Return a function that gets a path with a key that may predict."""
    headers = sidecar.headers("predict")
    return lambda path: client.get(path, headers=headers)


def test_the_server_tells_its_name_version_and_extensions(get):
    told = get("/v2").json

    assert told["name"] == "minerva"
    assert told["version"]
    assert told["extensions"] == ["binary_tensor_data", "model_repository", "statistics"]


def test_health_is_told_in_the_status_and_in_the_body(get):
    assert get("/v2/health/live").json == {"live": True}
    assert get("/v2/health/ready").json == {"ready": True}
    assert get("/v2/models/churn/ready").json == {"name": "churn", "ready": True}
    assert get("/v2/models/churn/versions/1/ready").json == {"name": "churn", "ready": True}


def test_a_sidecar_that_was_told_to_stop_is_not_ready(sidecar, get):
    sidecar.house.draining.set()

    response = get("/v2/health/ready")

    assert (response.status_code, response.json) == (503, {"ready": False})
    assert get("/v2/health/live").json == {"live": True}


def test_a_model_without_a_version_is_not_ready(sidecar, get):
    (sidecar.workspace / "services" / "later.yaml").write_text(
        "service: later\nalgorithm: xgboost.classifier\n"
        "data: {source: csv, path: none.csv}\n"
        "schema: {inputs: {x: {type: number}}, output: {y: {type: category, values: [a, b]}}}\n"
    )
    sidecar.refresh()

    response = get("/v2/models/later/ready")

    assert (response.status_code, response.json) == (503, {"name": "later", "ready": False})


def test_a_model_tells_a_tensor_for_each_field_and_output(get):
    told = get("/v2/models/churn").json

    assert (told["name"], told["versions"], told["platform"]) == ("churn", ["1"], "minerva_steady")
    assert told["inputs"] == [
        {"name": "customer_id", "datatype": "BYTES", "shape": [-1]},
        {"name": "tenure", "datatype": "INT64", "shape": [-1]},
        {"name": "contract", "datatype": "BYTES", "shape": [-1]},
        {"name": "monthly_charges", "datatype": "FP64", "shape": [-1]},
        {"name": "since", "datatype": "BYTES", "shape": [-1]},
        {"name": "email", "datatype": "BYTES", "shape": [-1]},
    ]
    assert told["outputs"] == [
        {"name": "customer_id", "datatype": "BYTES", "shape": [-1]},
        {"name": "churn", "datatype": "BYTES", "shape": [-1]},
        {"name": "churn_probabilities", "datatype": "FP64", "shape": [-1, 2]},
    ]
    assert get("/v2/models/churn/versions/1").json == told


def test_the_versions_that_may_be_asked_for_are_those_in_memory(sidecar, get):
    sidecar.declare(0.9)

    assert get("/v2/models/churn").json["versions"] == ["1", "2"]
    assert get("/v2/models/churn/versions/3").status_code == 404
    assert get("/v2/models/churn/versions/3/ready").status_code == 404


def test_nobody_looks_without_a_key(client):
    for route in ROUTES:
        response = client.get(route)

        assert response.status_code == 401
        assert response.mimetype == "application/json"
        assert response.json["error"] == response.json["detail"]


def test_without_keys_everybody_on_this_machine_looks(sidecar):
    client = sidecar.client(auth_required=False)

    assert [client.get(route).status_code for route in ROUTES] == [200] * len(ROUTES)


def test_of_another_tenants_model_nothing_is_told(sidecar, client):
    key = sidecar.key("predict", tenant="other")

    for route in ROUTES[3:7]:
        assert client.get(route, headers={"X-API-Key": key}).status_code == 404
    assert client.get("/v2/models/stats", headers={"X-API-Key": key}).json == {"model_stats": []}


def test_statistics_count_answers_and_errors_of_every_protocol(sidecar, client, record, get):
    clocked = replace(sidecar.house.statistics, clock=lambda: 12.5)
    client = sidecar.client(statistics=clocked)
    headers = sidecar.headers()
    for records in ([record], [record, record], [record], [{**record, "tenure": -1}]):
        client.post("/v1/services/churn/predict", json={"records": records}, headers=headers)

    (told,) = client.get("/v2/models/churn/stats", headers=headers).json["model_stats"]

    assert (told["name"], told["version"], told["last_inference"]) == ("churn", "1", 12500)
    assert (told["inference_count"], told["execution_count"]) == (4, 3)
    stats = told["inference_stats"]
    assert (stats["success"]["count"], stats["fail"]["count"]) == (3, 1)
    parts = [stats[f"compute_{part}"]["ns"] for part in ("input", "infer", "output")]
    assert all(parts[1:])
    assert stats["success"]["ns"] == pytest.approx(sum(parts), abs=10)
    assert stats["queue"] == {"count": 0, "ns": 0}
    sizes = [(one["batch_size"], one["compute_infer"]["count"]) for one in told["batch_stats"]]
    assert sizes == [(1, 2), (2, 1)]
    everything = client.get("/v2/models/stats", headers=headers).json["model_stats"]
    assert everything == [told]
    of_version = client.get("/v2/models/churn/versions/2/stats", headers=headers)
    assert of_version.json == {"model_stats": []}
