"""Uploads in several calls: gone on with from where they are, and used by a job when they are whole."""

import pytest

TRAIN = "/v1/services/churn/train"
CONTENT = b"tenure,contract,churn\n" + b"1,One year,No\n2,Two year,Yes\n" * 20
BYTES = "application/offset+octet-stream"


@pytest.fixture
def headers(sidecar):
    return sidecar.headers("train")


@pytest.fixture
def begin(client, headers):
    def begun(**body):
        return client.post(
            "/v1/uploads", json={"service": "churn", "format": "csv", **body}, headers=headers
        )

    return begun


@pytest.fixture
def append(client, headers):
    def appended(where, offset, piece, **more):
        own = {**headers, "Content-Type": BYTES, "Upload-Offset": str(offset), **more}
        return client.patch(where, data=piece, headers=own)

    return appended


@pytest.fixture
def where(begin):
    return begin(size=len(CONTENT)).headers["Location"]


def test_an_upload_is_begun_told_of_and_given_up(begin, client, headers):
    begun = begin(size=100)
    where = begun.headers["Location"]

    told = client.head(where, headers=headers)
    gone = client.delete(where, headers=headers)

    assert begun.status_code == 201
    assert begun.json["upload"]["offset"] == 0
    assert (told.headers["Upload-Offset"], told.headers["Upload-Length"]) == ("0", "100")
    assert told.headers["Cache-Control"] == "no-store"
    assert gone.status_code == 204
    assert client.head(where, headers=headers).status_code == 404


def test_it_is_whole_when_the_last_byte_is_there(append, where, client, headers):
    first = append(where, 0, CONTENT[:100])
    second = append(where, 100, CONTENT[100:])

    assert (first.json["upload"]["offset"], first.json["upload"]["complete"]) == (100, False)
    assert second.json["upload"] | {"created_at": ""} == {
        "id": where.rpartition("/")[2],
        "service": "churn",
        "format": "csv",
        "size": len(CONTENT),
        "offset": len(CONTENT),
        "complete": True,
        "rows": 40,
        "created_at": "",
    }


@pytest.mark.parametrize("offset", [0, 50, 101, 10**12])
def test_another_offset_is_a_conflict_that_names_the_right_one(append, where, offset):
    append(where, 0, CONTENT[:100])

    response = append(where, offset, CONTENT[offset:])

    assert response.status_code == 409
    assert "has 100 bytes" in response.json["detail"]


def test_a_size_may_be_told_later(begin, append):
    where = begin().headers["Location"]
    append(where, 0, CONTENT[:100])

    whole = append(where, 100, CONTENT[100:], **{"Upload-Length": str(len(CONTENT))})
    begun = begin().headers["Location"]
    append(begun, 0, b"", **{"Upload-Length": "10"})
    other = append(begun, 0, b"", **{"Upload-Length": "11"})

    assert whole.json["upload"]["complete"]
    assert other.status_code == 409


def test_more_than_announced_ends_it(append, where, client, headers):
    response = append(where, 0, CONTENT + b"x")

    assert response.status_code == 413
    assert client.head(where, headers=headers).status_code == 404


def test_rows_that_do_not_fit_end_it_as_soon_as_they_come(append, where, client, headers):
    append(where, 0, CONTENT[:80])
    response = append(where, 80, b"-5,One year,No\n")

    assert response.status_code == 422
    assert response.json["faults"][0]["where"] == 'column "tenure", row 5'
    assert client.head(where, headers=headers).status_code == 404


def test_a_job_is_made_of_a_whole_upload_which_then_stays(append, where, client, headers):
    append(where, 0, CONTENT)
    upload = where.rpartition("/")[2]

    accepted = client.post(TRAIN, json={"data": {"upload": upload}}, headers=headers)
    removed = client.delete(where, headers=headers)

    assert accepted.status_code == 202
    assert removed.status_code == 409
    assert "cancel the job" in removed.json["detail"]


def test_no_job_is_made_of_half_an_upload_or_of_one_of_another_service(
    append, where, client, headers
):
    append(where, 0, CONTENT[:100])
    upload = where.rpartition("/")[2]

    half = client.post(TRAIN, json={"data": {"upload": upload}}, headers=headers)
    unknown = client.post(TRAIN, json={"data": {"upload": "x"}}, headers=headers)

    assert (half.status_code, unknown.status_code) == (409, 404)
    assert (
        half.json["detail"] == f"The upload is not complete: 100 of {len(CONTENT)} bytes have come."
    )


def test_an_upload_is_its_tenants_own(sidecar, append, where, client):
    append(where, 0, CONTENT)
    stranger = {"Authorization": f"Bearer {sidecar.key(tenant='other')}"}

    assert client.head(where, headers=stranger).status_code == 404
    assert client.delete(where, headers=stranger).status_code == 404


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"service": 3}, "/service"),
        ({"format": "xml"}, "/format"),
        ({"size": -1}, "/size"),
        ({"size": True}, "/size"),
        ({"delimiter": '"'}, "/delimiter"),
        ({"encoding": "klingon"}, "/encoding"),
        ({"encoding": "punycode"}, "/encoding"),
        ({"encoding": "utf\0"}, "/encoding"),
    ],
)
def test_a_beginning_that_does_not_fit_is_told(begin, body, where):
    response = begin(**body)

    assert response.status_code == 422
    assert response.json["faults"][0]["where"] == where


@pytest.mark.parametrize("offset", ["", "-1", "x", "1e3", "9" * 20])
def test_an_offset_that_is_none_is_told(append, where, offset):
    assert append(where, offset, CONTENT).status_code == 422


def test_too_large_an_upload_is_refused_before_it_begins(begin):
    assert begin(size=10**14).status_code == 413
    assert begin(service="nobody").status_code == 404
