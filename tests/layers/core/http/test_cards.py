"""A model card is answered as JSON or as a page that runs nothing; lineage as a graph."""

import pytest


@pytest.fixture
def get(sidecar, client):
    """Return a function that reads something of the service with the scope predict."""

    def got(path, **headers):
        return client.get(
            f"/v1/services/churn/{path}", headers={**sidecar.headers("predict"), **headers}
        )

    return got


def test_a_card_is_json_unless_a_page_is_asked_for(get):
    answer = get("card")

    assert answer.mimetype == "application/json"
    assert (answer.json["card"]["service"], answer.json["card"]["version"]) == ("churn", "1")


def test_a_card_is_a_page_for_who_accepts_one(get):
    answer = get("card", Accept="text/html,application/xhtml+xml,*/*;q=0.8")

    assert answer.mimetype == "text/html"
    assert "<h1>churn, version 1</h1>" in answer.text
    assert "<script" not in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "'unsafe-inline'" not in policy


def test_a_page_escapes_what_people_wrote(sidecar, get, client):
    sidecar.declare(0.75)
    client.put(
        "/v1/services/churn/aliases/champion",
        headers=sidecar.headers("registry"),
        json={"version": 1, "reason": "<b>because</b>"},
    )

    page = get("card?version=1", Accept="text/html").text

    assert "&lt;b&gt;because&lt;/b&gt;" in page
    assert "<b>" not in page


def test_a_card_is_of_the_version_that_is_asked_for(sidecar, get):
    sidecar.declare(0.75)

    assert get("card").json["card"]["version"] == "2"
    assert get("card?version=1").json["card"]["version"] == "1"


@pytest.mark.parametrize(
    ("query", "status"),
    [("9", 404), ("0", 422), ("-1", 422), ("x", 422), ("²", 422), ("1" * 40, 422), ("", 422)],
)
def test_a_version_that_is_none_is_refused(get, query, status):
    assert get(f"card?version={query}").status_code == status
    assert get(f"lineage?version={query}").status_code == status


def test_lineage_is_a_graph_of_nodes_and_edges(get):
    graph = get("lineage").json["lineage"]

    ids = {node["id"] for node in graph["nodes"]}
    assert {"version:1", "alias:champion", "configuration:1"} <= ids
    assert {one["from"] for one in graph["edges"]} | {one["to"] for one in graph["edges"]} <= ids
    assert get("lineage?version=1").json["lineage"] == graph


@pytest.mark.parametrize("what", ["card", "lineage"])
def test_who_has_no_key_learns_nothing(client, what):
    assert client.get(f"/v1/services/churn/{what}").status_code == 401
