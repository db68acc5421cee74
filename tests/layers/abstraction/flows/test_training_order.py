"""Which services are trained before a flow, and in which order."""

import pytest
from flow_house import RISK, flow

from minerva.errors import NotFound
from minerva.layers.abstraction.flows.training_order import trained_before
from minerva.layers.abstraction.services.parsing import parse


def asking(name, *services, **where):
    """A flow whose steps ask services."""
    steps = {f"step{n}": {"predict": one, **where} for n, one in enumerate(services)}
    return flow(steps) | {"service": name}


def order(first, *others, learns=lambda declaration: True):
    known = {one["service"]: parse(one) for one in (first, *others)}

    def find(name):
        if name not in known:
            raise NotFound(f"There is no service {name!r}.")
        return known[name]

    return trained_before(known[first["service"]], find, learns)


def test_a_service_stands_before_whoever_asks_it_and_is_trained_once():
    risk, other = RISK, RISK | {"service": "other"}
    inner = asking("inner", "other", "risk")

    assert order(asking("flow", "inner", "risk", "risk"), inner, risk, other) == [
        "other",
        "risk",
        "inner",
    ]


def test_what_learns_nothing_is_passed_over_and_what_it_asks_is_not():
    inner = asking("inner", "risk")

    found = order(asking("flow", "inner"), inner, RISK, learns=lambda one: one.service == "risk")

    assert found == ["risk"]


@pytest.mark.parametrize("where", ["http://scenes:8080", {"url": "https://scenes"}])
def test_what_another_container_answers_is_left_to_it(where):
    assert order(asking("flow", "risk", where=where)) == []


def test_what_workers_of_this_house_ask_is_trained():
    assert order(asking("flow", "risk", where="queue:batch"), RISK) == ["risk"]


def test_a_service_that_there_is_not_is_told():
    with pytest.raises(NotFound, match="'risk'"):
        order(asking("flow", "risk"))
