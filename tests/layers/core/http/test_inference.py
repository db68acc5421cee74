"""Inference in the Open Inference Protocol: what callers get, and what they get wrong."""

import json
import struct
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from structlog.testing import capture_logs
from waiting import wait_until

from minerva.layers.abstraction.serving.joining import JoinedModel

PATH = "/v2/models/churn/infer"
LENGTH = "Inference-Header-Content-Length"


def tensor(name, datatype, data, shape=None, **more):
    """Return an input tensor; its shape is (n,) unless told."""
    return {"name": name, "datatype": datatype, "shape": shape or [len(data)], "data": data, **more}


def inputs(tenures=(3, 70), contracts=("One year", "Two year"), charges=(20.5, None)):
    """Return the tensors of two customers."""
    return [
        tensor("customer_id", "BYTES", [f"C-{n}" for n in range(len(tenures))]),
        tensor("tenure", "INT64", [*tenures]),
        tensor("contract", "BYTES", [*contracts]),
        tensor("monthly_charges", "FP64", [*charges]),
    ]


@pytest.fixture
def headers(sidecar):
    """Headers of a caller who may predict."""
    return sidecar.headers("predict")


@pytest.fixture
def ask(client, headers):
    """Return a function that sends an inference request, as JSON unless it is bytes."""

    def asked(body, path=PATH, **more):
        how = {"data": body} if isinstance(body, bytes) else {"json": body}
        return client.post(path, headers={**headers, **more}, **how)

    return asked


@pytest.fixture
def ask_binary(ask):
    """Return a function that sends a request with binary data after its JSON."""

    def asked(body, *data, length=None):
        head = json.dumps(body).encode()
        return ask(head + b"".join(data), **{LENGTH: str(len(head) if length is None else length)})

    return asked


def outputs(response) -> dict:
    """Return output name → its data, of a response in JSON."""
    assert response.status_code == 200, response.json
    return {output["name"]: output["data"] for output in response.json["outputs"]}


def binary_outputs(response) -> dict:
    """Return output name → its bytes."""
    assert response.status_code == 200, response.data
    length = int(response.headers[LENGTH])
    head, at = json.loads(response.data[:length]), length
    found = {}
    for output in head["outputs"]:
        size = output["parameters"]["binary_data_size"]
        found[output["name"]] = response.data[at : at + size]
        at += size
    assert at == len(response.data)
    return found


def fault(response) -> tuple[str, str]:
    """Return where and what is wrong, the first of it, of an error in this protocol's form."""
    assert 400 <= response.status_code < 500, response.data
    assert response.mimetype == "application/json"
    assert response.json["error"].startswith(response.json["detail"])
    (first, *_) = response.json["faults"]
    assert first["where"] in response.json["error"]
    return first["where"], first["message"]


def test_one_tensor_for_each_field_is_answered_by_one_for_each_output(ask):
    response = ask({"id": "42", "inputs": inputs()})

    assert response.mimetype == "application/json"
    assert response.json == {
        "model_name": "churn",
        "model_version": "1",
        "id": "42",
        "outputs": [
            {"name": "customer_id", "datatype": "BYTES", "shape": [2], "data": ["C-0", "C-1"]},
            {"name": "churn", "datatype": "BYTES", "shape": [2], "data": ["No", "No"]},
            {
                "name": "churn_probabilities",
                "datatype": "FP64",
                "shape": [2, 2],
                "data": [0.75, 0.25, 0.75, 0.25],
            },
        ],
    }


def test_the_request_id_stands_in_where_the_caller_gives_no_id(ask):
    response = ask({"inputs": inputs()}, **{"X-Request-ID": "r-1"})

    assert response.json["id"] == "r-1"


def test_a_matrix_holds_the_fields_that_the_model_sees_in_their_order(ask):
    """tenure, contract by index, monthly charges, since in seconds; email is not the model's."""
    flat = tensor("features", "FP64", [3, 1, 20.5, 0, 70, 2, 9.5, None], [2, 4])
    nested = tensor("features", "FP64", [[3, 1, 20.5, 0], [70, 2, 9.5, None]], [2, 4])

    assert outputs(ask({"inputs": [flat]})) == outputs(ask({"inputs": [nested]}))
    assert outputs(ask({"inputs": [flat]}))["churn"] == ["No", "No"]


def test_a_field_may_have_a_second_dimension_of_one(ask):
    sent = [{**one, "shape": [2, 1]} for one in inputs()]

    assert outputs(ask({"inputs": sent}))["churn"] == ["No", "No"]


def test_only_the_outputs_that_are_asked_for_come_in_their_order(ask):
    wanted = [{"name": "churn_probabilities"}, {"name": "churn"}]

    assert list(outputs(ask({"inputs": inputs(), "outputs": wanted}))) == [
        "churn_probabilities",
        "churn",
    ]


def test_binary_data_comes_and_goes_in_the_order_of_the_tensors(ask_binary):
    texts = b"".join(struct.pack("<I", len(text)) + text for text in (b"One year", b"Two year"))
    sent = [
        {"name": "tenure", "datatype": "INT16", "shape": [2], "parameters": {"binary_data_size": 4}},
        {"name": "contract", "datatype": "BYTES", "shape": [2], "parameters": {"binary_data_size": 24}},
        {"name": "monthly_charges", "datatype": "FP32", "shape": [2], "parameters": {"binary_data_size": 8}},
    ]  # fmt: skip

    response = ask_binary(
        {"inputs": sent, "parameters": {"binary_data_output": True}},
        np.array([3, 70], "<i2").tobytes(),
        texts,
        np.array([20.5, np.nan], "<f4").tobytes(),
    )

    assert response.mimetype == "application/octet-stream"
    got = binary_outputs(response)
    assert got["churn"] == b"\x02\0\0\0No" * 2
    assert np.frombuffer(got["churn_probabilities"]).tolist() == [0.75, 0.25, 0.75, 0.25]


def test_an_output_says_for_itself_whether_it_is_binary(ask):
    wanted = [
        {"name": "churn", "parameters": {"binary_data": False}},
        {"name": "churn_probabilities"},
    ]
    request = {"inputs": inputs(), "outputs": wanted, "parameters": {"binary_data_output": True}}

    response = ask(request)

    head = json.loads(response.data[: int(response.headers[LENGTH])])
    assert head["outputs"][0]["data"] == ["No", "No"]
    assert head["outputs"][1]["parameters"] == {"binary_data_size": 32}


def test_a_number_may_be_of_any_datatype_in_json_and_in_binary(ask, ask_binary):
    kinds = [(f"{kind}{8 * size}", f"<{code}{size}") for kind, code in (("INT", "i"), ("UINT", "u")) for size in (1, 2, 4, 8)]  # fmt: skip
    kinds += [(f"FP{8 * size}", f"<f{size}") for size in (2, 4, 8)]
    others = inputs()[2:]
    for datatype, numpy in kinds:
        by_json = ask({"inputs": [tensor("tenure", datatype, [3, 70]), *others]})
        data = np.array([3, 70], numpy).tobytes()
        binary = {"name": "tenure", "datatype": datatype, "shape": [2]}
        binary["parameters"] = {"binary_data_size": len(data)}

        by_bytes = ask_binary({"inputs": [binary, *others]}, data)

        assert outputs(by_json) == outputs(by_bytes), datatype


def test_the_key_is_told_as_numbers_where_it_is_one(ask):
    sent = [tensor("customer_id", "INT64", [7, 8]), *inputs()[1:]]

    response = ask({"inputs": sent})

    assert response.json["outputs"][0] == {
        "name": "customer_id",
        "datatype": "INT64",
        "shape": [2],
        "data": [7, 8],
    }


def test_parameters_and_members_that_nobody_knows_are_passed_over(ask):
    sent = inputs()
    sent[0]["parameters"] = {"content_type": "str"}
    body = {"model_name": "other", "inputs": sent, "parameters": {"priority": 3}, "outputs": None}

    assert outputs(ask(body))["churn"] == ["No", "No"]


def test_any_content_type_of_the_protocol_will_do_and_no_other(client, headers):
    body = json.dumps({"inputs": inputs()}).encode()

    def status(kind):
        return client.post(PATH, headers=headers, data=body, content_type=kind).status_code

    assert [status(kind) for kind in ("application/json", "application/octet-stream", None)] == [
        200
    ] * 3
    assert status("text/csv") == 415


def test_an_inference_is_logged_like_every_prediction(ask):
    with capture_logs() as logs:
        ask({"inputs": inputs()})

    (event,) = [log for log in logs if log["event"] == "prediction.answered"]
    facts = {"service": "churn", "version": "1", "rows": 2, "degraded": False}
    assert facts.items() <= event.items()


def test_a_version_answers_by_its_number_as_long_as_it_is_in_memory(sidecar, ask):
    sidecar.declare(0.9)

    by_number = [
        outputs(ask({"inputs": inputs()}, f"/v2/models/churn/versions/{number}/infer"))["churn"]
        for number in (1, 2)
    ]

    assert by_number == [["No", "No"], ["Yes", "Yes"]]
    assert outputs(ask({"inputs": inputs()}))["churn"] == ["Yes", "Yes"]


def test_a_version_that_is_not_in_memory_is_not_there(ask):
    for number in ("3", "latest", "-1", "1e0", "٣", "9" * 30):
        response = ask({"inputs": inputs()}, f"/v2/models/churn/versions/{number}/infer")

        assert response.status_code == 404
        assert response.json["error"] == response.json["detail"]


def test_a_model_that_is_not_there_is_named(ask):
    response = ask({"inputs": inputs()}, "/v2/models/chrn/infer")

    assert response.status_code == 404
    assert "Did you mean 'churn'?" in response.json["error"]


def test_a_model_that_fails_says_so_without_its_words(ask):
    response = ask({"inputs": inputs(tenures=(666, 1))})

    assert response.status_code == 502
    assert "anna" not in response.text
    assert response.json["error"].startswith("The service's model failed.")


@pytest.mark.parametrize(
    ("change", "where", "says"),
    [
        ({"name": "tenur"}, "/inputs/1/name", "did you mean 'tenure'?"),
        ({"data": [1, 1001]}, "/inputs/1/data/1", "above the maximum of 1000 month"),
    ],
)
def test_what_is_wrong_is_pointed_at(ask, change, where, says):
    sent = inputs()
    sent[1] |= change

    found = fault(ask({"inputs": sent}))

    assert found[0] == where
    assert says in found[1]


def test_a_header_length_that_lies_is_refused(client, headers):
    body = json.dumps({"inputs": inputs()}).encode()

    for length in ("-1", "ten", "1.5", "", "99999", "9" * 30, "٣", "0", "1", "20"):
        response = client.post(PATH, headers={**headers, LENGTH: length.encode()}, data=body)

        assert response.status_code == 400, length
        assert response.json["error"]


def test_what_is_no_json_is_refused(ask):
    begun = b'{"inputs": [{"name": "tenure", "datatype": "FP64", "shape": [1], "data": ['
    for body in (
        b"", b"{", b"[" * 19_000, b'{"inputs": [' + b"[" * 19_000, begun + b"NaN]}]}",
        begun + b"1e999]}]}", b'{"inputs": [], "inputs": []}', b"\xff\xfe",
    ):  # fmt: skip
        response = ask(body)

        assert response.status_code == 400, body[:99]
        assert response.json["error"]


def test_nobody_infers_without_a_key_that_may(client, sidecar):
    body = {"inputs": inputs()}

    assert client.post(PATH, json=body).status_code == 401
    refused = client.post(PATH, json=body, headers=sidecar.headers("train"))
    assert refused.status_code == 403
    assert refused.json["error"] == "This key lacks the scope predict: ask for a key that has it."


def test_a_declared_default_is_told_as_one(sidecar, ask):
    path = sidecar.workspace / "services" / "churn.yaml"
    path.write_text(path.read_text() + 'serving: {default: {churn: "No"}}\n')
    sidecar.refresh()

    response = ask({"inputs": inputs(tenures=(666, 1))})

    assert outputs(response) == {"customer_id": ["C-0", "C-1"], "churn": ["No", "No"]}
    assert response.json["parameters"] == {"degraded": True}


def test_calls_that_are_joined_keep_their_ids_and_the_outputs_that_each_wants(sidecar, headers):
    path = sidecar.workspace / "services" / "churn.yaml"
    path.write_text(path.read_text() + "serving: {batching: {max_batch: 16, max_wait_ms: 20}}\n")

    def joins() -> bool:
        sidecar.refresh()
        return isinstance(sidecar.house.live.find("default", "churn").loaded.model, JoinedModel)

    wait_until(joins)
    names = ["customer_id", "churn", "churn_probabilities"]

    def call(caller):
        client, wanted = sidecar.client(), names[caller % 3 :] + names[: caller % 3]
        for number in range(20):
            asked = {"id": f"{caller}-{number}", "inputs": inputs(tenures=[1] * (1 + caller % 2))}
            asked["inputs"][0]["data"] = [f"{caller}-{number}"] * (1 + caller % 2)
            asked["inputs"][2:] = [tensor("contract", "BYTES", ["One year"] * (1 + caller % 2))]
            asked["outputs"] = [{"name": name} for name in wanted[: 1 + caller % 3]]
            told = client.post(PATH, headers=headers, json=asked).json
            assert told["id"] == asked["id"]
            assert [one["name"] for one in told["outputs"]] == wanted[: 1 + caller % 3]
            keys = [one["data"] for one in told["outputs"] if one["name"] == "customer_id"]
            assert keys in ([], [asked["inputs"][0]["data"]])

    with ThreadPoolExecutor(8) as callers:
        assert list(callers.map(call, range(8))) == [None] * 8
