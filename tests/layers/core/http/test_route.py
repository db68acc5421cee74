"""Rules of the map of routes build URLs as Werkzeug's do, and cost nothing until they are asked to."""

import pytest
from werkzeug.routing import Map, Rule

from minerva.layers.core.http.route import Route


def test_no_rule_of_the_app_is_compiled_for_urls_that_nobody_asks_for(sidecar, monkeypatch):
    def refuse(*_):
        pytest.fail("compiled")

    monkeypatch.setattr(Rule, "_compile_builder", refuse)

    assert sidecar.client().get("/livez").status_code == 200


@pytest.mark.parametrize(
    "values", [{"service": "a b", "number": 3}, {"service": "a", "number": 1, "q": "x y"}]
)
def test_a_url_is_that_of_werkzeugs_own_rule(values):
    def built(kind):
        routes = Map([kind("/v1/<service>/versions/<int:number>", endpoint="version")])
        return [
            routes.bind("localhost").build("version", values, append_unknown=unknown)
            for unknown in (True, False)
        ]

    assert built(Route) == built(Rule)
