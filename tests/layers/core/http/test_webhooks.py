"""Webhooks over REST: administrators subscribe, and callers' URLs are checked before anything is queued."""

import pytest

from minerva.layers.abstraction.webhooks.happening import EVENTS
from minerva.layers.core.openapi.components import STATES

URL = "https://hooks.example.com/minerva"
PATH = "/v1/webhooks"


@pytest.fixture
def sidecar(workspace, request):
    """A sidecar whose operator has listed a host."""
    (workspace / "minerva.toml").write_text('webhook_targets = "hooks.example.com"\n')
    return request.getfixturevalue("sidecar")


@pytest.fixture
def admin(sidecar):
    return sidecar.headers("admin")


@pytest.fixture
def added(client, admin):
    """A subscription that was just made."""
    return client.post(PATH, json={"url": URL}, headers=admin).json["webhook"]


def test_a_subscription_is_made_listed_and_removed(client, admin):
    body = {"url": URL, "events": ["job.failed", "drift.noticed"], "service": "churn"}
    made = client.post(PATH, json=body, headers=admin)

    webhook = made.json["webhook"]
    assert made.status_code == 201
    assert {name: webhook[name] for name in body} == body
    assert webhook.pop("secret").startswith("whsec_")
    assert client.get(PATH, headers=admin).json == {"webhooks": [webhook]}
    removed = client.delete(f"{PATH}/{webhook['id']}", headers=admin)
    assert removed.json == {"webhook": webhook}
    assert client.get(PATH, headers=admin).json == {"webhooks": []}


def test_the_secret_is_the_same_whenever_it_is_asked_for(client, admin, added):
    again = client.get(f"{PATH}/{added['id']}/secret", headers=admin)

    assert again.json == {"webhook": added["id"], "secret": added["secret"]}
    callbacks = client.get(f"{PATH}/callbacks/secret", headers=admin).json["secret"]
    assert callbacks != added["secret"]


def test_a_message_can_be_tried_and_is_listed(client, admin, added):
    tried = client.post(f"{PATH}/{added['id']}/test", headers=admin)

    delivery = tried.json["delivery"]
    assert tried.status_code == 202
    assert tried.headers["Location"] == f"/v1/jobs/{delivery['id']}"
    assert (delivery["type"], delivery["webhook"]) == ("webhook.test", added["id"])
    assert delivery["state"] in STATES
    listed = client.get(f"{PATH}/deliveries?webhook={added['id']}", headers=admin)
    assert [one["id"] for one in listed.json["deliveries"]] == [delivery["id"]]
    assert (
        client.get(f"{PATH}/deliveries?webhook=callbacks", headers=admin).json["deliveries"] == []
    )


@pytest.mark.parametrize(
    ("body", "status", "where"),
    [
        ({}, 422, "/url"),
        ({"url": 3}, 422, "/url"),
        ({"url": "hooks.example.com"}, 422, "url"),
        ({"url": "https://u:p@hooks.example.com/"}, 422, "url"),
        ({"url": "http://169.254.169.254/latest/meta-data"}, 403, None),
        ({"url": "https://elsewhere.example.com/"}, 403, None),
        ({"url": URL, "events": []}, 422, "/events"),
        ({"url": URL, "events": "job.failed"}, 422, "/events"),
        ({"url": URL, "events": ["job.started"]}, 422, "/events"),
        ({"url": URL, "service": 3}, 422, "/service"),
        ({"url": URL, "service": "nobody"}, 404, None),
        ({"url": URL, "secret": "mine"}, 400, "/secret"),
    ],
)
def test_a_subscription_that_cannot_be_is_refused(client, admin, body, status, where):
    refused = client.post(PATH, json=body, headers=admin)

    assert refused.status_code == status
    assert [fault["where"] for fault in refused.json.get("faults", [])] == [where] * (
        where is not None
    )
    assert client.get(PATH, headers=admin).json == {"webhooks": []}


@pytest.mark.parametrize(
    ("method", "path"), [("delete", "s9"), ("get", "s9/secret"), ("post", "s9/test")]
)
def test_an_unknown_subscription_is_not_found(client, admin, method, path):
    assert getattr(client, method)(f"{PATH}/{path}", headers=admin).status_code == 404


def test_only_administrators_see_and_change_subscriptions(client, sidecar, added):
    other = sidecar.headers("train", "predict", "registry")

    for method, path in (
        ("get", PATH), ("post", PATH), ("delete", f"{PATH}/{added['id']}"),
        ("get", f"{PATH}/{added['id']}/secret"), ("post", f"{PATH}/{added['id']}/test"),
        ("get", f"{PATH}/deliveries"),
    ):  # fmt: skip
        assert getattr(client, method)(path, headers=other).status_code == 403


def test_a_callback_url_that_is_listed_is_accepted(client, sidecar):
    headers = sidecar.headers("train")

    accepted = client.post("/v1/services/churn/train", json={"callback_url": URL}, headers=headers)

    assert accepted.status_code == 202
    assert URL not in accepted.text


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("http://169.254.169.254/latest/meta-data/iam", 403),
        ("http://[::ffff:a9fe:a9fe]/", 403),
        ("http://2852039166/", 422),
        ("http://0xa9.0xfe.0xa9.0xfe/", 422),
        ("https://elsewhere.example.com/", 403),
        ("file:///etc/passwd", 422),
        (7, 422),
    ],
)
def test_another_callback_url_is_refused_before_anything_is_queued(client, sidecar, url, status):
    headers = sidecar.headers("train")

    refused = client.post("/v1/services/churn/train", json={"callback_url": url}, headers=headers)

    assert refused.status_code == status
    assert client.get("/v1/jobs", headers=headers).json["jobs"] == []


def test_a_callback_url_is_refused_before_the_data_of_the_body_is_taken_in(client, sidecar):
    url = "/v1/services/churn/train?callback_url=http://169.254.169.254/"
    headers = {**sidecar.headers("train"), "Content-Type": "text/csv"}

    refused = client.post(url, data=b"customer_id,tenure\n1,2\n", headers=headers)

    assert refused.status_code == 403
    assert list(sidecar.workspace.glob(".minerva/uploads/*/*")) == []


def test_nobody_can_start_a_delivery(client, sidecar):
    body = {"kind": "deliver", "parameters": {"url": URL}}

    refused = client.post("/v1/services/churn/jobs", json=body, headers=sidecar.headers("train"))

    assert refused.status_code == 403
    assert "callback_url" in refused.json["detail"]


def test_the_events_are_told_in_the_document(client, admin):
    document = client.get("/openapi.json", headers=admin).json

    assert document["components"]["schemas"]["Webhook"]["properties"]["events"]["items"] == {
        "enum": list(EVENTS)
    }
