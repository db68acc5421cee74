"""Champion, challenger and shadow answer one call as their aliases say."""

from dataclasses import replace

import pytest
from structlog.testing import capture_logs
from tiny import SCHEMA
from waiting import wait_until

from minerva.errors import AlgorithmFailed, Unavailable
from minerva.layers.abstraction.registry.records import CHALLENGER, SHADOW
from minerva.layers.abstraction.routing.share import place
from minerva.layers.abstraction.serving.question import Question

KEYLESS = {name: part for name, part in SCHEMA.items() if name != "key"}
CUSTOMERS = [{"id": f"c-{n}", "x": 1} for n in range(200)]


@pytest.fixture
def two(container, make):
    """Version 1 answers 2 for x = 1 and is champion; version 2 answers 102 and has the alias."""

    def made(alias, share=None, **parts):
        make(**parts)
        registry = container.registry
        make(parameters={"shift": 100.0}, **parts)
        registry.rollback("default", "value", author="tests")
        registry.promote("default", "value", 2, alias=alias, share=share, author="tests")
        container.live.refresh()

    return made


@pytest.fixture
def ask(container):
    """Ask the service `value`."""

    def asked(records):
        return container.predictor.predict("default", "value", Question(records))

    return asked


def test_a_challenger_answers_the_keys_below_its_share_and_each_row_says_so(two, ask):
    two(CHALLENGER, 30)

    answer = ask(CUSTOMERS)

    theirs = [place("value", one["id"]) < 30 for one in CUSTOMERS]
    assert [row["y"] > 50 for row in answer.predictions] == theirs
    assert answer.versions == ["2" if it_is else "1" for it_is in theirs]
    assert [row["id"] for row in answer.predictions] == [one["id"] for one in CUSTOMERS]
    assert answer.version == "1"


def test_one_customer_always_gets_the_same_version_alone_or_in_company(two, ask):
    two(CHALLENGER, 50)

    together = [row["y"] for row in ask(CUSTOMERS).predictions]

    assert [ask([one]).predictions[0]["y"] for one in CUSTOMERS[:40]] == together[:40]
    assert [row["y"] for row in ask(CUSTOMERS[::-1]).predictions] == together[::-1]


def test_a_larger_share_only_adds_customers(two, ask, container):
    two(CHALLENGER, 20)
    few = ask(CUSTOMERS).versions
    container.registry.promote("default", "value", 2, alias=CHALLENGER, share=60, author="tests")
    container.live.refresh()

    more = ask(CUSTOMERS).versions

    assert all(after == "2" for before, after in zip(few, more, strict=True) if before == "2")
    assert more.count("2") > few.count("2")


def test_a_call_that_one_version_answers_alone_names_it(two, ask):
    two(CHALLENGER, 100)

    answer = ask(CUSTOMERS[:3])

    assert (answer.version, answer.versions, answer.job_id) == ("2", ["2"] * 3, None)


def test_without_a_key_chance_decides_for_the_whole_call(two, container):
    two(CHALLENGER, 25, schema=KEYLESS)
    drawn = iter([0.1, 0.9, 0.2499, 0.25])
    predictor = replace(container.predictor.inner, chance=lambda: next(drawn))

    answers = [
        predictor.predict("default", "value", Question([{"x": 1}, {"x": 1}])) for _ in range(4)
    ]

    assert [answer.version for answer in answers] == ["2", "1", "2", "1"]
    assert all(len({row["y"] for row in answer.predictions}) == 1 for answer in answers)


def test_a_challenger_that_fails_is_answered_for_by_the_champion(container, make, ask):
    make()
    make("value", "misbehaving", parameters={"predict": "moody_later"}, training={"promote": False})
    registry = container.registry
    registry.promote("default", "value", 2, alias=CHALLENGER, share=100, author="tests")
    container.live.refresh()
    (container.loaded.workspace / "worse").write_text("")

    with capture_logs() as events:
        answer = ask(CUSTOMERS[:5])

    assert [row["y"] for row in answer.predictions] == [pytest.approx(2.0)] * 5
    assert (answer.version, answer.degraded) == ("1", False)
    assert "challenger.failed" in [event["event"] for event in events]


def test_a_challenger_may_ask_for_other_inputs_than_the_champion(container, make, declare, ask):
    make()
    wider = {**SCHEMA, "inputs": {**SCHEMA["inputs"], "z": {"type": "number", "default": 1}}}
    (container.loaded.workspace / "data.csv").write_text(
        "id,x,email,y,z\n" + "a,1,,3,1\nb,2,,6,1\n" * 20
    )
    make(schema=wider, training={"promote": False})
    container.registry.promote("default", "value", 2, alias=CHALLENGER, share=100, author="tests")
    container.live.refresh()

    answer = ask([{"id": "a", "x": 1}])

    assert (answer.version, answer.predictions[0]["y"]) == ("2", pytest.approx(3.0))


def test_a_shadow_is_asked_and_compared_but_never_answered_from(two, ask, container):
    two(SHADOW)
    digest = container.live.find("default", "value").shadow.loaded.version.digest

    answer = ask(CUSTOMERS[:10])

    assert (answer.version, answer.versions) == ("1", None)
    assert [row["y"] for row in answer.predictions] == [pytest.approx(2.0)] * 10
    tally = wait_until(lambda: (one := container.shadows.tally(digest)).asked and one)
    assert (tally.rows, tally.agreed, tally.failed) == (10, 0, 0)


def test_an_alias_that_is_taken_away_answers_no_more(two, ask, container):
    two(CHALLENGER, 100)
    container.registry.retire_alias("default", "value", CHALLENGER, author="tests")
    container.live.refresh()

    assert ask(CUSTOMERS[:2]).version == "1"
    assert container.live.find("default", "value").challenger is None


def test_a_version_that_keeps_failing_is_left_alone_then_quarantined(container, make, ask):
    make()
    breaker = {"failures": 2, "open_s": 0.001, "quarantine_after": 2}
    make(
        "value", "misbehaving", parameters={"predict": "moody_later"}, serving={"breaker": breaker}
    )
    container.live.refresh()
    (container.loaded.workspace / "worse").write_text("")

    for _ in range(2):
        with pytest.raises(AlgorithmFailed):
            ask(CUSTOMERS[:1])

    def healed():
        try:
            return ask(CUSTOMERS[:1]).version == "1"
        except (AlgorithmFailed, Unavailable):
            return False

    wait_until(healed)
    assert 2 in container.registry.quarantined("default", "value")
    assert container.registry.aliases("default", "value") == {"champion": 1}


def test_while_the_circuit_is_open_the_model_is_not_asked(container, make, ask, workspace):
    breaker = {"failures": 1, "open_s": 3600, "quarantine_after": 9}
    make("value", "misbehaving", parameters={"predict": "moody_later"},
         serving={"breaker": breaker, "default": {"y": -1.0}})  # fmt: skip
    container.live.refresh()
    (workspace / "worse").write_text("")
    assert ask(CUSTOMERS[:1]).degraded
    (workspace / "worse").unlink()

    answer = ask(CUSTOMERS[:1])

    assert (answer.degraded, answer.predictions) == (True, [{"id": "c-0", "y": -1.0}])
    assert container.live.find("default", "value").to_json()["circuit"] == "open"
