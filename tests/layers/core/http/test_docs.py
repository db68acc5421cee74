"""The page works offline and shows its reader only what it may know."""

import re

import pytest

from minerva.layers.core.http.docs import STATIC


def test_on_this_machine_the_document_is_open(client):
    response = client.get("/openapi.json")

    assert response.status_code == 200
    assert "/v1/services/churn/predict" in response.json["paths"]


def test_beyond_it_the_document_needs_a_key(sidecar):
    client = sidecar.client(local_only=False)

    assert client.get("/openapi.json").status_code == 401
    shown = client.get("/openapi.json", headers=sidecar.headers("predict")).json
    assert "/v1/services/churn/predict" in shown["paths"]


def test_the_document_is_of_the_callers_tenant(sidecar, client):
    shown = client.get("/openapi.json", headers={"X-API-Key": sidecar.key(tenant="acme")}).json

    assert "/v1/services/churn/predict" not in shown["paths"]
    assert "/v1/services/{service}/predict" in shown["paths"]


def test_the_document_tells_when_no_key_is_needed(sidecar):
    assert "security" not in sidecar.client(auth_required=False).get("/openapi.json").json


def test_the_page_is_open_and_allows_only_our_own_files(sidecar):
    response = sidecar.client(local_only=False).get("/docs")

    assert (response.status_code, response.mimetype) == (200, "text/html")
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    response.close()


@pytest.mark.parametrize("name", ["docs.css", "docs.js", "schema.js", "mark.svg"])
def test_the_pages_files_are_there(client, name):
    response = client.get(f"/docs/{name}")

    assert response.status_code == 200
    response.close()


@pytest.mark.parametrize("name", ["nothing.js", "../docs.py", "%2e%2e/docs.py"])
def test_other_files_are_not(client, name):
    assert client.get(f"/docs/{name}").status_code == 404


@pytest.mark.parametrize("path", sorted(STATIC.glob("docs.*")), ids=lambda path: path.name)
def test_nothing_is_fetched_from_elsewhere_and_nothing_is_inline(path):
    text = path.read_text()

    assert not re.search(r"https?://", text)
    assert not re.search(r"<style|<script>|\sstyle=|\son\w+=|innerHTML|eval\(", text)
