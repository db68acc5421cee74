"""Compressed bodies say what they say uncompressed, and a bomb ends at the limit."""

import gzip
import io
import json
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minerva.errors import InvalidBody
from minerva.layers.core.http.codings import Decoded, zstd

ENCODE = {"gzip": gzip.compress, "zstd": zstd.compress}
PATH = "/v1/services/churn/predict"
both = pytest.mark.parametrize("coding", ENCODE)


@pytest.fixture
def ask(sidecar, client):
    """Send a body with a coding to the predict route."""
    key = sidecar.headers("predict")

    def asked(body, coding, path=PATH, **more):
        headers = {**key, "Content-Type": "application/json", "Content-Encoding": coding, **more}
        return client.post(path, data=body, headers=headers)

    return asked


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=3), st.integers(1, 50))
@both
def test_whatever_was_encoded_is_decoded_whatever_is_read_at_once(coding, members, size):
    stream = Decoded(io.BytesIO(b"".join(map(ENCODE[coding], members))), coding)

    assert b"".join(iter(lambda: stream.read(size), b"")) == b"".join(members)


@given(st.binary(min_size=1, max_size=100), st.integers(1, 30))
@both
def test_what_was_cut_off_is_refused(coding, content, cut):
    encoded = ENCODE[coding](content)

    with pytest.raises(InvalidBody):
        Decoded(io.BytesIO(encoded[: -min(cut, len(encoded))]), coding).readall()


@both
def test_an_encoded_body_is_answered_as_a_plain_one(ask, predict_body, coding):
    response = ask(ENCODE[coding](predict_body), coding)

    assert response.status_code == 200
    assert response.json["predictions"][0]["churn"] == "No"


@both
def test_binary_tensors_count_decoded_bytes(ask, coding):
    head = json.dumps(
        {
            "inputs": [
                {
                    "name": "tenure",
                    "shape": [1],
                    "datatype": "INT64",
                    "parameters": {"binary_data_size": 8},
                },
                {"name": "contract", "shape": [1], "datatype": "BYTES", "data": ["One year"]},
                {"name": "monthly_charges", "shape": [1], "datatype": "FP64", "data": [20.5]},
            ]
        }
    ).encode()
    body = ENCODE[coding](head + (3).to_bytes(8, "little"))
    length = {"Inference-Header-Content-Length": str(len(head))}

    response = ask(body, coding, "/v2/models/churn/infer", **length)

    assert response.status_code == 200, response.data


@both
def test_a_bomb_ends_at_the_limit_with_little_memory(ask, coding):
    bomb = ENCODE[coding](b" " * 50_000_000)
    tracemalloc.start()
    try:
        response = ask(bomb, coding)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert (response.status_code, response.json["code"]) == (413, "too_large")
    assert peak < 5_000_000


@both
def test_what_is_not_encoded_so_is_refused(ask, predict_body, coding):
    response = ask(predict_body, coding)

    assert (response.status_code, response.json["code"]) == (400, "invalid_body")


def test_a_body_that_decodes_to_nothing_ends_early():
    with pytest.raises(InvalidBody, match="next to nothing"):
        Decoded(io.BytesIO(gzip.compress(b"") * 100_000), "gzip").readall()


@pytest.mark.parametrize("coding", ["br", "gzip, gzip", "gzip, zstd", "deflate", "\u00e9"])
def test_other_codings_are_told_which_are_taken(ask, predict_body, coding):
    response = ask(predict_body, coding)

    assert response.status_code == 415
    assert response.headers["Accept-Encoding"] == "zstd, gzip"


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip", "gzip"),
        ("gzip, zstd", "zstd"),
        ("gzip;q=1, zstd;q=0.5", "gzip"),
        ("*", "zstd"),
        ("identity", None),
        ("gzip;q=0", None),
        (None, None),
    ],
)
def test_a_large_answer_is_encoded_as_asked(client, accepted, coding):
    response = client.get(
        "/openapi.json", headers={"Accept-Encoding": accepted} if accepted else {}
    )

    assert response.headers.get("Content-Encoding") == coding
    assert response.headers["Vary"] == "Accept-Encoding"
    plain = {
        "gzip": lambda data: zlib.decompress(data, 31),
        "zstd": zstd.decompress,
        None: bytes,
    }[coding](response.data)
    assert json.loads(plain)["openapi"] == "3.1.1"


def test_a_small_answer_stays_as_it_is(ask, predict_body):
    response = ask(predict_body, "identity", **{"Accept-Encoding": "gzip"})

    assert "Content-Encoding" not in response.headers
    assert "Vary" not in response.headers
