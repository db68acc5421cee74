"""What a user of Triton's HTTP client does, unmodified; run with the interop environment's Python."""

import asyncio
import json
import sys

import numpy as np
import tritonclient.http as sync
from tritonclient.http import aio
from tritonclient.utils import InferenceServerException

URL, KEY = sys.argv[1:]
HEADERS = {"X-API-Key": KEY}


def inputs(module, *, binary):
    """Return two customers as tensors."""
    columns = {
        "customer_id": np.array(["C-0", "C-1"], dtype=object),
        "tenure": np.array([3, 70], np.int32),
        "contract": np.array(["One year", "Two year"], dtype=object),
        "monthly_charges": np.array([20.5, 0.5], np.float32),
    }
    datatypes = ("BYTES", "INT32", "BYTES", "FP32")
    made = []
    for (name, column), datatype in zip(columns.items(), datatypes, strict=True):
        one = module.InferInput(name, [2], datatype)
        one.set_data_from_numpy(column, binary_data=binary)
        made.append(one)
    return made


def told(result):
    """Return what a result says, whatever form it came in."""
    return {
        "id": result.get_response()["id"],
        "version": result.get_response()["model_version"],
        "churn": [str(value, "utf-8") if isinstance(value, bytes) else value for value in result.as_numpy("churn").tolist()],
        "probabilities": result.as_numpy("churn_probabilities").tolist(),
    }  # fmt: skip


def error(call):
    """Return the message that a call fails with."""
    try:
        call()
    except InferenceServerException as failed:
        return failed.message()
    return None


def wanted(module, *, binary):
    return [
        module.InferRequestedOutput(name, binary_data=binary)
        for name in ("churn", "churn_probabilities")
    ]


def synchronous():
    client = sync.InferenceServerClient(URL)

    def infer(sent, **more):
        return told(client.infer("churn", sent, headers=dict(HEADERS), request_id="r", **more))

    matrix = sync.InferInput("features", [2, 4], "FP64")
    matrix.set_data_from_numpy(np.array([[3, 1, 20.5, np.nan], [70, 2, 0.5, 0]]))
    config = json.dumps({"version_policy": {"specific": {"versions": [1]}}})
    client.load_model("churn", headers=HEADERS, config=config)
    answers = {
        "live": client.is_server_live(headers=HEADERS),
        "ready": client.is_server_ready(headers=HEADERS),
        "model_ready": client.is_model_ready("churn", headers=HEADERS),
        "version_ready": client.is_model_ready("churn", "1", headers=HEADERS),
        "other_ready": client.is_model_ready("other", headers=HEADERS),
        "without_key": client.is_server_live(),
        "server": client.get_server_metadata(headers=HEADERS)["name"],
        "inputs": [one["name"] for one in client.get_model_metadata("churn", headers=HEADERS)["inputs"]],
        "index": client.get_model_repository_index(headers=HEADERS),
        "same": [
            infer(inputs(sync, binary=True)),
            infer(inputs(sync, binary=False)),
            infer(inputs(sync, binary=True), outputs=wanted(sync, binary=False)),
            infer(inputs(sync, binary=False), outputs=wanted(sync, binary=True)),
            infer([matrix]),
            told(client.async_infer("churn", inputs(sync, binary=True), headers=dict(HEADERS), request_id="r").get_result()),
        ],
        "stats": client.get_inference_statistics("churn", headers=HEADERS)["model_stats"][0]["name"],
        "wrong": error(lambda: infer(inputs(sync, binary=True)[1:2])),
        "unsure": [
            error(lambda: infer(inputs(sync, binary=True), parameters={"confidence": True})),
            error(lambda: infer(inputs(sync, binary=True), outputs=[sync.InferRequestedOutput("churn_confidence")])),
        ],
        "unload": error(lambda: client.unload_model("churn", headers=HEADERS)),
    }  # fmt: skip
    client.close()
    return answers


async def asynchronous():
    async with aio.InferenceServerClient(URL) as client:
        answers = [
            await client.infer(
                "churn", inputs(aio, binary=binary), headers=dict(HEADERS), request_id="r"
            )
            for binary in (True, False)
        ]
        return {
            "live": await client.is_server_live(headers=HEADERS),
            "same": [told(one) for one in answers],
        }


print(json.dumps({"sync": synchronous(), "async": asyncio.run(asynchronous())}))
