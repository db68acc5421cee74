"""The routes of flows: shown, drawn, run, and each step asked by itself."""

import xml.etree.ElementTree as ET

import pytest
from waiting import wait_until

FLOW = """
service: decide
description: Clean, then decide
algorithm: flow
schema:
  inputs:
    tenure: {type: number, minimum: 0, maximum: 100, nullable: true}
    name: {type: text, default: a}
  output:
    reached: {type: boolean}
parameters:
  steps:
    tidy: {handle: clean, parameters: {fill: {tenure: 5}}}
    long: {post: threshold, inputs: {value: tidy.tenure}, parameters: {at_least: 12}}
    files: {collect: files, inputs: {path: name}, parameters: {below: albums}}
    total: {post: summary, inputs: {tenure: tidy.tenure}, parameters: {make: {sum: {how: sum, of: tenure}}}}
"""


@pytest.fixture
def client(sidecar):
    """A client of a sidecar that has a flow."""
    (sidecar.workspace / "flows").mkdir()
    (sidecar.workspace / "albums" / "a").mkdir(parents=True)
    (sidecar.workspace / "albums" / "a" / "photo.jpg").write_bytes(b"private")
    (sidecar.workspace / "flows" / "decide.yaml").write_text(FLOW)

    def serves():
        sidecar.refresh()
        live = sidecar.house.live.get("default", "decide")
        return live is not None and live.loaded is not None

    wait_until(serves)
    return sidecar.client()


@pytest.fixture
def headers(sidecar):
    """The headers of a caller who may predict."""
    return sidecar.headers("predict", "train")


def test_a_flow_predicts_like_any_service(client, headers):
    told = client.post(
        "/v1/services/decide/predict",
        headers=headers,
        json={"records": [{"tenure": 20}, {"tenure": None}]},
    )

    assert [one["reached"] for one in told.json["predictions"]] == [True, False]


def test_its_steps_are_shown(client, headers):
    flow = client.get("/v1/services/decide/flow", headers=headers).json["flow"]

    assert [one["name"] for one in flow["steps"]] == ["tidy", "files", "long", "total"]
    assert flow["steps"][2]["needs"] == ["tidy"]
    assert flow["answer"] == {"reached": "long.reached"}


def test_they_are_drawn_for_who_wants_a_drawing(client, headers):
    response = client.get(
        "/v1/services/decide/flow", headers={**headers, "Accept": "image/svg+xml"}
    )

    assert response.mimetype == "image/svg+xml"
    assert "tidy" in [one.text for one in ET.fromstring(response.text).iter()]


def test_a_run_tells_what_each_step_made_and_where_the_time_went(client, headers):
    told = client.post(
        "/v1/services/decide/run", headers=headers, json={"records": [{"tenure": None}]}
    ).json

    assert told["steps"]["tidy"] == [{"record": 0, "tenure": 5.0, "name": "a"}]
    assert told["steps"]["long"] == [{"record": 0, "reached": False}]
    assert told["trace"][0]["step"] == "tidy"
    assert all(one["ms"] > 0 for one in told["trace"])
    assert told["version"] == "1"


def test_only_the_steps_that_are_wanted_are_told(client, headers):
    told = client.post(
        "/v1/services/decide/run",
        headers=headers,
        json={"records": [{"tenure": 1}], "steps": ["long"]},
    ).json

    assert list(told["steps"]) == ["long"]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"records": []}, 422, "/records"),
        ({"records": [{"tenure": 1}] * 6}, 422, "/records"),
        ({"records": [{"tenure": 1000}]}, 422, "/records/0/tenure"),
        ({"record": [{}]}, 422, ""),
        ({"records": [{"tenure": 1}], "steps": ["lung"]}, 422, "/steps/0"),
    ],
)
def test_what_is_no_run_is_refused(client, headers, body, status, said):
    response = client.post("/v1/services/decide/run", headers=headers, json=body)

    assert response.status_code == status
    assert response.json["faults"][0]["where"] == said


def test_each_step_is_a_model_of_its_own(client, headers):
    tensor = {"name": "value", "datatype": "FP64", "shape": [3], "data": [11, 12, 13]}

    told = client.post(
        "/v2/models/decide.long/infer", headers=headers, json={"inputs": [tensor]}
    ).json

    assert told["model_name"] == "decide.long"
    assert told["outputs"] == [
        {"name": "reached", "datatype": "FP64", "shape": [3], "data": [0.0, 1.0, 1.0]}
    ]


def test_a_step_that_gathers_is_told_which_record_each_item_belongs_to(client, headers):
    tensor = {"name": "tenure", "datatype": "FP64", "shape": [3], "data": [1, 2, 4]}
    sent = {"inputs": [tensor], "parameters": {"of": [0, 0, 2], "records": 3}}

    told = client.post("/v2/models/decide.total/infer", headers=headers, json=sent).json

    assert told["outputs"][0]["data"] == [3.0, 0.0, 4.0]


@pytest.mark.parametrize(
    "parameters",
    [{"of": [0, 1], "records": 3}, {"of": [0, 2, 1], "records": 3}, {"of": [0, 0, 5], "records": 3},
     {"of": "x", "records": 3}, {"of": [0, 0, 0]}, {"run": 7}],
)  # fmt: skip
def test_groups_that_make_no_sense_are_refused(client, headers, parameters):
    tensor = {"name": "tenure", "datatype": "FP64", "shape": [3], "data": [1, 2, 4]}

    response = client.post(
        "/v2/models/decide.total/infer",
        headers=headers,
        json={"inputs": [tensor], "parameters": parameters},
    )

    assert response.status_code == 422
    assert response.json["faults"][0]["where"].startswith("/parameters/")


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("value", [None], "/inputs/0"),
        ("valeu", [1], "/inputs/0/name"),
        ("value", ["x"], "/inputs/0"),
    ],
)
def test_items_that_a_step_does_not_take_are_refused(client, headers, name, data, said):
    tensor = {"name": name, "datatype": "FP64", "shape": [1], "data": data}

    response = client.post(
        "/v2/models/decide.long/infer", headers=headers, json={"inputs": [tensor]}
    )

    assert response.status_code == 422
    assert response.json["faults"][0]["where"].startswith(said)


@pytest.mark.parametrize(
    ("path", "status"), [("/v1/services/churn/flow", 409), ("/v2/models/churn.long/infer", 404)]
)
def test_what_is_no_flow_has_no_steps(client, headers, path, status):
    method = client.get if path.startswith("/v1") else client.post
    response = method(path, headers=headers, **({} if method == client.get else {"json": {}}))

    assert response.status_code == status
    assert "is no flow" in response.json["detail"]


def test_a_step_that_there_is_not_is_told_with_the_nearest_name(client, headers):
    response = client.post("/v2/models/decide.lung/infer", headers=headers, json={})

    assert response.status_code == 404
    assert "did you mean 'long'?" in response.json["detail"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/v1/services/decide/flow"),
        ("post", "/v1/services/decide/run"),
        ("post", "/v2/models/decide.long/infer"),
    ],
)
def test_nobody_sees_a_flow_without_a_key(client, method, path):
    assert getattr(client, method)(path).status_code == 401


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/services/decide/run", {"records": [{"tenure": 1}]}),
        (
            "/v2/models/decide.files/infer",
            {"inputs": [{"name": "path", "datatype": "BYTES", "shape": [1], "data": ["a"]}]},
        ),
    ],
)
def test_who_may_only_predict_sees_nothing_that_the_owner_of_the_flow_can_read(
    client, sidecar, path, body
):
    refused = client.post(path, headers=sidecar.headers("predict"), json=body)
    allowed = client.post(path, headers=sidecar.headers("train", "predict"), json=body)

    assert (refused.status_code, refused.json["code"]) == (403, "not_permitted")
    assert allowed.status_code == 200
    assert b"photo.jpg" in allowed.data
