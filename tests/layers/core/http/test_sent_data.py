"""Training data in the body: looked at while it comes; of what is refused nothing is left."""

import json
from dataclasses import replace
from io import BytesIO

import pandas as pd
import pytest

from minerva.layers.abstraction.uploads.uploads import UploadLimits
from minerva.layers.core.http.incoming import Gates

PATH = "/v1/services/churn/train"
COLUMNS = ("customer_id", "tenure", "contract", "monthly_charges", "churn")


def rows(number):
    return [
        (f"A-{row}", row % 900, ("One year", "Two year")[row % 2], 20.5, ("No", "Yes")[row % 2])
        for row in range(number)
    ]


def csv_of(number, sign=","):
    return "\n".join(sign.join(map(str, row)) for row in (COLUMNS, *rows(number))).encode()


def ndjson_of(number):
    records = (dict(zip(COLUMNS, row, strict=True)) for row in rows(number))
    return "\n".join(map(json.dumps, records)).encode()


def parquet_of(number, path, **types):
    frame = pd.DataFrame(rows(number), columns=COLUMNS).astype(types)
    frame.to_parquet(path)
    return path.read_bytes()


@pytest.fixture
def kept(sidecar):
    """Return what is kept of uploads: rows, and files anywhere."""

    def look():
        store = sidecar.container.stores.uploads
        state = sidecar.workspace / ".minerva"
        files = [
            path
            for folder in (state / "uploads", state / "artefacts" / "uploads")
            for path in folder.rglob("*")
        ]
        names = {path.name.partition(".")[0] for path in files}
        return len(store.known(sorted(names))), sorted(path.name for path in files)

    return look


@pytest.fixture
def send(sidecar, client):
    headers = sidecar.headers("train")

    def sent(body, content_type="text/csv", path=PATH, **more):
        own = {**headers, "Content-Type": content_type, **more.pop("headers", {})}
        return client.post(path, data=body, headers=own, **more)

    return sent


@pytest.fixture
def bounded(sidecar):
    """Return a client of a house whose uploads have other limits."""

    def client(limits):
        return sidecar.client(uploads=replace(sidecar.container.uploads, limits=limits))

    return client


class TestAccepted:
    @pytest.mark.parametrize(
        ("content_type", "body"),
        [
            ("text/csv", csv_of(30)),
            ("text/csv; charset=utf-16", csv_of(30).decode().encode("utf-16")),
            ("application/x-ndjson", ndjson_of(30)),
        ],
    )
    def test_a_job_names_the_upload_that_holds_the_body(self, send, kept, content_type, body):
        response = send(body, content_type)

        job = response.json["job"]
        assert response.status_code == 202
        assert job["kind"] == "train"
        known, files = kept()
        assert (known, len(files)) == (1, 1)

    def test_parquet_is_accepted(self, send, tmp_path):
        body = parquet_of(30, tmp_path / "data.parquet")

        assert send(body, "application/vnd.apache.parquet").status_code == 202

    def test_the_query_says_how_csv_is_written(self, send):
        assert send(csv_of(30, ";"), path=f"{PATH}?delimiter=;&decimal=,").status_code == 422
        assert send(csv_of(30, ";"), path=f"{PATH}?delimiter=;&priority=3").status_code == 202

    def test_the_same_key_and_body_lead_to_the_same_job_and_one_upload(self, send, kept):
        key = {"Idempotency-Key": "nightly-1"}
        first = send(csv_of(30), headers=key)
        again = send(csv_of(30), headers=key)

        assert again.headers["Idempotent-Replay"] == "true"
        assert again.json["job"]["id"] == first.json["job"]["id"]
        assert kept()[0] == 1

    def test_the_same_key_with_another_body_is_refused(self, send, kept):
        key = {"Idempotency-Key": "nightly-1"}
        send(csv_of(30), headers=key)

        assert send(csv_of(31), headers=key).status_code == 409
        assert kept()[0] == 1

    def test_bodies_may_be_larger_than_those_of_other_calls(self, sidecar):
        client = sidecar.client(max_body_bytes=1000)
        headers = {**sidecar.headers("train"), "Content-Type": "text/csv"}

        assert client.post(PATH, data=csv_of(3000), headers=headers).status_code == 202


class TestRefused:
    @pytest.mark.parametrize(
        ("content_type", "body", "status", "where"),
        [
            (
                "text/csv",
                csv_of(30) + b"\nA-31,-1,One year,20.5,No",
                422,
                'column "tenure", row 31',
            ),
            ("text/csv", csv_of(30) + b"\nA-31,1", 400, "row 31"),
            ("text/csv", b"", 400, "row 1"),
            ("text/csv", csv_of(30) + b"\nA-31,1,\xff", 400, "row 31"),
            ("application/x-ndjson", ndjson_of(30) + b'\n{"tenure": 1}', 422, "line 31, /contract"),
            ("application/x-ndjson", ndjson_of(30) + b'\n{"tenure": 1', 400, "line 31"),
            ("application/x-ndjson", b"[" * 300_000, 400, "line 1"),
            ("application/vnd.apache.parquet", b"PAR2", 400, ""),
            ("application/vnd.apache.parquet", b"PAR1" + b"\0" * 4000, 400, ""),
        ],
    )
    def test_the_place_of_what_is_wrong_is_told_and_nothing_is_left(
        self, send, kept, content_type, body, status, where
    ):
        response = send(body, content_type)

        assert response.status_code == status
        assert response.json["faults"][0]["where"] == where
        assert kept() == (0, [])

    def test_parquet_of_other_types_names_the_column(self, send, kept, tmp_path):
        body = parquet_of(30, tmp_path / "data.parquet", churn="category")
        frame = pd.read_parquet(tmp_path / "data.parquet").assign(tenure=pd.Timestamp("2026-01-31"))
        frame.to_parquet(tmp_path / "other.parquet")

        cut = send(body[:-20], "application/vnd.apache.parquet")
        other = send((tmp_path / "other.parquet").read_bytes(), "application/vnd.apache.parquet")

        assert (cut.status_code, cut.json["faults"][0]["message"]) == (
            400,
            "is not a whole Parquet file: was it cut off?",
        )
        assert other.status_code == 422
        assert other.json["faults"][0]["where"] == 'column "tenure"'
        assert kept() == (0, [])

    def test_too_few_rows_are_told(self, send, kept):
        response = send(csv_of(3))

        assert response.status_code == 422
        assert response.json["detail"] == "The data has 3 rows; at least 20 are needed."
        assert kept() == (0, [])

    def test_too_many_bytes_are_told(self, bounded, sidecar, kept):
        client = bounded(UploadLimits(1000, 0, 60))
        headers = {**sidecar.headers("train"), "Content-Type": "text/csv"}
        chunked = {"wsgi.input_terminated": True}

        announced = client.post(PATH, data=csv_of(300), headers=headers)
        endless = client.post(
            PATH, input_stream=BytesIO(csv_of(300)), headers=headers, environ_overrides=chunked
        )

        assert (announced.status_code, endless.status_code) == (413, 413)
        assert "max_upload_bytes" in endless.json["detail"]
        assert announced.headers["Connection"] == endless.headers["Connection"] == "close"
        assert kept() == (0, [])

    def test_more_than_the_quota_is_told(self, bounded, sidecar, kept):
        client = bounded(UploadLimits(2000, 1500, 60))
        headers = {**sidecar.headers("train"), "Content-Type": "text/csv"}
        assert client.post(PATH, data=csv_of(30), headers=headers).status_code == 202

        response = client.post(PATH, data=csv_of(30), headers=headers)

        assert response.status_code == 413
        assert "upload_quota_bytes" in response.json["detail"]
        assert kept()[0] == 1

    def test_too_many_at_once_are_asked_to_come_again(self, sidecar, kept):
        gates = Gates(1)
        client = sidecar.client(gates=gates)
        headers = {**sidecar.headers("train"), "Content-Type": "text/csv"}

        with gates.entered():
            response = client.post(PATH, data=csv_of(30), headers=headers)

        assert (response.status_code, response.headers["Retry-After"]) == (503, "2")
        assert client.post(PATH, data=csv_of(30), headers=headers).status_code == 202

    def test_a_caller_who_goes_away_leaves_nothing(self, sidecar, kept):
        client = sidecar.client()
        headers = {**sidecar.headers("train"), "Content-Type": "text/csv"}
        announced = {"CONTENT_LENGTH": "99999"}

        response = client.post(
            PATH, input_stream=BytesIO(csv_of(30)), headers=headers, environ_overrides=announced
        )

        assert response.status_code == 400
        assert response.json["detail"] == "The body ended before its announced length."
        assert kept() == (0, [])

    @pytest.mark.parametrize(
        ("headers", "path", "status"),
        [
            ({"Content-Encoding": "br"}, PATH, 415),
            ({"Content-Type": "text/plain"}, PATH, 415),
            ({"Content-Type": "text/csv; charset=base64"}, PATH, 422),
            ({"Content-Type": "text/csv; charset=klingon"}, PATH, 422),
            ({}, f"{PATH}?delimiter=ab", 422),
            ({}, f"{PATH}?decimal=x", 422),
            ({}, f"{PATH}?sort=1", 422),
            ({}, f"{PATH}?priority=high", 422),
            ({}, "/v1/services/nobody/train", 404),
        ],
    )
    def test_what_else_is_wrong_is_told(self, send, kept, headers, path, status):
        assert send(csv_of(30), path=path, headers=headers).status_code == status
        assert kept() == (0, [])

    def test_another_scope_is_not_enough(self, sidecar, client):
        headers = {**sidecar.headers("predict"), "Content-Type": "text/csv"}

        assert client.post(PATH, data=csv_of(30), headers=headers).status_code == 403
