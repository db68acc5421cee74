"""What a user of KServe's REST client does, unmodified; run with the interop environment's Python."""

import asyncio
import json
import sys

import httpx
import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.infer_type import RequestedOutput

URL, KEY = sys.argv[1:]


def asked(*, binary):
    """Return two customers as a request."""
    columns = {
        "tenure": ("INT32", np.array([3, 70], np.int32)),
        "contract": ("BYTES", np.array(["One year", "Two year"], dtype=object)),
    }
    tensors = []
    for name, (datatype, column) in columns.items():
        one = InferInput(name, [2], datatype)
        one.set_data_from_numpy(column, binary_data=binary)
        tensors.append(one)
    parameters = {"binary_data": binary}
    wanted = [RequestedOutput(name, parameters) for name in ("churn", "churn_probabilities")]
    return InferRequest("churn", tensors, request_id="r", request_outputs=wanted)


async def main():
    client = InferenceRESTClient(RESTConfig(protocol="v2", retries=0))
    key = {"X-API-Key": KEY}
    told = {
        "live": await client.is_server_live(URL, headers=key),
        "ready": await client.is_server_ready(URL, headers=key),
        "model_ready": await client.is_model_ready(URL, "churn", headers=key),
        "other_ready": await client.is_model_ready(URL, "other", headers=key),
        "same": [],
    }
    for binary in (False, True):
        answer = await client.infer(URL, asked(binary=binary), "churn", headers=dict(key))
        churn, chances = (
            answer.get_output_by_name(name) for name in ("churn", "churn_probabilities")
        )
        labels = [
            one.decode() if isinstance(one, bytes) else one
            for one in churn.as_numpy().ravel().tolist()
        ]
        told["same"].append([answer.id, labels, chances.as_numpy().tolist()])
    try:
        await client.infer(URL, {"inputs": []}, "churn", headers=key)
    except httpx.HTTPStatusError as error:
        told["wrong"] = str(error)
    await client.close()
    print(json.dumps(told))


asyncio.run(main())
