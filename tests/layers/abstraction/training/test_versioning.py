"""From a configuration to one registered and, if it passes, promoted version."""

from dataclasses import replace

import pytest
from structlog.testing import capture_logs
from tiny import SCHEMA, declaration_of, silent, write_data

from minerva.errors import (
    AlgorithmFailed,
    Conflict,
    InvalidConfiguration,
    InvalidData,
    Unavailable,
)
from minerva.layers.abstraction.registry.registry import Registry

PLAN = {**SCHEMA, "output": {"plan": {"type": "category", "values": ["tin", "gold"]}}}
PLAN_OF_THREE = {
    **SCHEMA,
    "output": {"plan": {"type": "category", "values": ["tin", "gold", "silver"]}},
}


@pytest.fixture
def result(container, declare):
    """Declare and make a version; return what a job's result tells."""

    def made(*arguments, job_id=None, **parts):
        configuration = declare(*arguments, **parts)
        return container.versioning.make(
            configuration, job_id=job_id, author="tests", progress=silent
        )

    return made


def champion(container) -> int | None:
    """Return the version that serves."""
    return container.registry.aliases("default", "value").get("champion")


def test_the_result_tells_what_was_made(result, container):
    made = result(job_id="job-1")

    version = container.registry.version("default", "value", made["version"])
    assert made == {
        "version": 1,
        "digest": version.digest,
        "metrics": version.metrics,
        "rows": 40,
        "held_out_rows": 10,
        "training_seconds": made["training_seconds"],
        "promoted": True,
        "verdict": "No gate is declared.",
        "worth": made["worth"],
        "warnings": made["warnings"],
    }
    assert (version.job_id, version.configuration_revision) == ("job-1", 1)
    assert champion(container) == 1
    assert list(container.versioning.scratch.iterdir()) == []


def test_every_training_says_whether_the_model_beats_one_constant_answer(result, container):
    good, useless = result(), result(algorithm="mean")

    assert good["worth"].startswith("Worth using: rmse 0.0000 against ")
    assert useless["worth"].startswith("Not worth using: rmse ")
    assert useless["worth"].endswith(" of always the mean.")
    kept = container.registry.version("default", "value", good["version"]).manifest["baseline"]
    assert (kept["metric"], kept["beaten"]) == ("rmse", True)
    assert kept["metrics"]["r2"] == 0


def test_a_version_that_is_no_better_than_one_answer_is_held_back(result, container):
    result()

    useless = result(algorithm="mean", training={"below_baseline": "hold_back"})

    assert useless["promoted"] is False
    assert useless["verdict"].startswith("Not worth using: rmse ")
    assert "below_baseline: promote" in useless["verdict"]
    assert champion(container) == 1


WIDE = {"x": {"type": "integer"}, "w": {"type": "number"}}
RULE = {
    "data": None,
    "schema": {"inputs": {"x": {"type": "integer"}}, "output": SCHEMA["output"]},
}


def rule(text):
    """What a service declares that answers by a rule."""
    rules = [{"when": "x is not missing", "then": {"y": text}}]
    return {**RULE, "parameters": {"rules": rules, "otherwise": {"y": 0}}}


@pytest.mark.parametrize(
    ("shift", "promoted", "verdict"),
    [
        (0.5, True, "Better: rmse 0.5000 against 1.0000 of habit."),
        (1.0, False, "No better: rmse 1.0000 against 1.0000 of habit."),
        (3.0, False, "No better: rmse 3.0000 against 1.0000 of habit."),
    ],
)
def test_the_rule_that_is_followed_today_must_be_beaten_on_the_same_rows(
    result, container, shift, promoted, verdict
):
    result("habit", "rules", **rule("x * 2 + 1"))

    made = result(parameters={"shift": shift}, training={"beat": "habit"})

    assert (made["promoted"], made["verdict"]) == (promoted, verdict)
    assert champion(container) == (made["version"] if promoted else None)


def test_a_rule_is_compared_by_the_gates_metric(result):
    result("habit", "rules", **rule("x * 2 + 1"))

    made = result(training={"beat": "habit", "gate": {"metric": "r2", "at_least": 0.5}})

    assert made["verdict"].startswith("Better: r2 1.0000 against 0.")


def test_who_cannot_be_compared_with_what_it_must_beat_does_not_serve(result, container):
    result("size", "rules", **{**rule("w"), "schema": {**RULE["schema"], "inputs": WIDE}})

    of_nothing = result(training={"beat": "nobody"})
    of_another = result(training={"beat": "size"})

    assert (of_nothing["promoted"], of_another["promoted"]) == (False, False)
    assert of_nothing["verdict"] == (
        "It cannot be compared with nobody: There is no service 'nobody'."
    )
    assert of_another["verdict"] == (
        "It cannot be compared with size: It asks for w, which the rows do not have alike."
    )


def test_data_that_fails_a_check_is_not_learnt_from_wherever_it_comes_from(
    result, container, workspace
):
    checks = {"data": {"source": "csv", "path": "data.csv", "checks": {"min_rows": 41}}}

    with pytest.raises(InvalidData, match="nothing was trained") as refused:
        result(**checks)

    assert [(fault.where, fault.message) for fault in refused.value.faults] == [
        ("/data/checks/min_rows", "40 rows, not 41.")
    ]
    assert container.registry.versions("default", "value") == []


def test_data_that_moved_since_the_champions_training_is_told_or_refused(
    result, container, workspace
):
    rows = [f"c-{n},{n},,{n * 2.0},tin" for n in range(1000)]
    (workspace / "data.csv").write_text("\n".join(["id,x,email,y,plan", *rows]) + "\n")
    result()
    moved = [f"c-{n},{n + 600},,{(n + 600) * 2.0},tin" for n in range(1000)]
    (workspace / "data.csv").write_text("\n".join(["id,x,email,y,plan", *moved]) + "\n")
    strict = {"source": "csv", "path": "data.csv", "checks": {"max_drift": 0.25}}

    with pytest.raises(InvalidData) as refused:
        result(data=strict)
    assert refused.value.faults[0].message.startswith("x moved by a PSI of")
    told = result()

    assert any(one.startswith("x is spread otherwise") for one in told["warnings"])
    version = container.registry.version("default", "value", told["version"])
    assert "drift" not in version.manifest["data"]["report"]


def test_a_version_that_fails_its_gate_is_kept_but_not_promoted(result, container):
    result()
    with capture_logs() as events:
        made = result(algorithm="mean", training={"gate": {"metric": "rmse", "at_most": 0.1}})

    assert (made["version"], made["promoted"]) == (2, False)
    assert "is above 0.1." in made["verdict"]
    assert champion(container) == 1
    assert "version.held_back" in [event["event"] for event in events]


def test_promotion_may_be_left_to_a_person(result, container):
    made = result(training={"promote": False})

    assert made["promoted"] is False
    assert made["verdict"] == "No gate is declared. Promotion is left to a person."
    assert champion(container) is None


@pytest.mark.parametrize(
    ("shift", "promoted", "verdict"),
    [(1.0, False, "rmse 1.0000 is worse than the champion's 0.0000."), (0.0, True, "passes.")],
)
def test_a_challenger_and_the_champion_are_measured_on_the_same_rows(
    result, container, workspace, shift, promoted, verdict
):
    """The champion was no better on its own day: on today's rows it must be beaten."""
    write_data(workspace, factor=5.0)
    result(parameters={"shift": 50.0}, training={"seed": 1})  # rmse 50 on other rows
    write_data(workspace, factor=2.0)
    gate = {"metric": "rmse", "not_worse_than": "champion"}
    result(training={"gate": gate, "seed": 2})

    made = result(parameters={"shift": shift}, training={"gate": gate, "seed": 3})

    assert made["promoted"] is promoted
    assert made["verdict"].endswith(verdict)


def test_a_champion_that_asks_for_other_inputs_is_measured_by_its_own_day(result, container):
    gate = {"metric": "rmse", "not_worse_than": "champion"}
    result(parameters={"shift": 2.0})
    wider = {**SCHEMA, "inputs": {**SCHEMA["inputs"], "y": {"type": "number"}}}

    made = result(schema=wider, parameters={"shift": 3.0}, training={"gate": gate})

    assert made["verdict"] == "rmse 3.0000 is worse than the champion's 2.0000."


def test_a_champion_that_answers_with_another_output_is_not_compared(result, container):
    gate = {"metric": "accuracy", "not_worse_than": "champion"}
    result("value", "mean", schema=PLAN)

    with capture_logs() as events:
        made = result("value", "mean", schema=PLAN_OF_THREE, training={"gate": gate})

    assert made["promoted"] is True
    (event,) = [event for event in events if event["event"] == "champion.not_compared"]
    assert event["reason"] == "The champion answers with another output."


def test_a_champion_that_fails_is_not_compared(result, container, workspace):
    gate = {"metric": "rmse", "not_worse_than": "champion"}
    first = result("value", "misbehaving")
    for file in (workspace / ".minerva" / "artefacts").rglob("model.json"):
        file.write_text("[]")

    with capture_logs() as events:
        made = result(training={"gate": gate})

    assert (first["version"], made["promoted"]) == (1, True)
    assert "champion.not_compared" in [event["event"] for event in events]


def test_the_first_version_has_nobody_to_be_worse_than(result):
    gate = {"metric": "rmse", "not_worse_than": "champion"}

    assert result(training={"gate": gate})["verdict"] == "rmse 0.0000 passes."
    assert result(training={"gate": gate})["promoted"]


def test_without_a_comparison_the_champion_is_not_even_loaded(result, container):
    result("value", "misbehaving")

    with capture_logs() as events:
        assert result(training={"gate": {"metric": "rmse", "at_most": 1}})["promoted"]

    assert "champion.not_compared" not in [event["event"] for event in events]


def test_the_same_training_again_gives_the_same_version(result, container):
    first, again = result(job_id="job-1"), result(job_id="job-2")

    assert (first["version"], again["version"]) == (1, 1)
    assert len(container.registry.versions("default", "value")) == 1


class Crash(BaseException):
    """The process ends here."""


class Breaking:
    """A port whose one method crashes before or after it did its work."""

    def __init__(self, port, method, moment):
        self._port, self._method, self._moment = port, method, moment

    def __getattr__(self, name):
        found = getattr(self._port, name)
        if name != self._method:
            return found

        def broken(*arguments, **named):
            if self._moment == "after":
                found(*arguments, **named)
            raise Crash

        return broken


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", ["put", "register", "point"])
@pytest.mark.parametrize("save", ["", "dice"])
def test_a_crash_at_any_step_and_another_attempt_give_one_version(
    container, declare, step, moment, save
):
    """With dice, other files come out of each attempt, as they may of algorithms with threads."""
    configuration = declare("value", "misbehaving", parameters={"save": save})
    stores, versioning = container.stores, container.versioning
    registry = Registry(
        stores.configurations,
        Breaking(stores.versions, "register", moment) if step == "register" else stores.versions,
        Breaking(stores.aliases, "point", moment) if step == "point" else stores.aliases,
        stores.quarantines,
        container.registry.prove,
        container.registry.now,
    )
    artefacts = versioning.artefacts
    broken = replace(
        versioning,
        registry=registry,
        artefacts=Breaking(artefacts, "put", moment) if step == "put" else artefacts,
    )
    with pytest.raises(Crash):
        broken.make(configuration, job_id="job-1", author="tests", progress=silent)

    made = versioning.make(configuration, job_id="job-1", author="tests", progress=silent)

    assert (made["version"], made["promoted"]) == (1, True)
    assert [version.number for version in container.registry.versions("default", "value")] == [1]
    assert len(stores.aliases.history("default", "value", "champion")) == 1
    assert champion(container) == 1


def test_another_attempt_of_one_job_tells_of_the_version_that_was_registered(
    container, declare, workspace
):
    configuration = declare("value", "mean")
    versioning = container.versioning
    first = versioning.make(configuration, job_id="job-1", author="tests", progress=silent)
    write_data(workspace, factor=3.0)

    again = versioning.make(configuration, job_id="job-1", author="tests", progress=silent)

    assert (again["version"], again["digest"]) == (1, first["digest"])
    assert again["metrics"] == first["metrics"]


@pytest.mark.parametrize("where", ["scratch", "save"])
def test_a_disk_that_takes_nothing_is_told_in_a_sentence(container, declare, tmp_path, where):
    (tmp_path / "file").write_text("")
    scratch = tmp_path / "file" / "scratch" if where == "scratch" else tmp_path / "scratch"
    ways = {"save": "no disk"} if where == "save" else {}
    versioning = replace(container.versioning, scratch=scratch)

    with pytest.raises(Unavailable, match=r"The version cannot be written below .*: free space"):
        versioning.make(
            declare("bad", "misbehaving", parameters=ways),
            job_id=None,
            author="tests",
            progress=silent,
        )
    assert container.registry.versions("default", "bad") == []


def test_a_model_that_does_not_repeat_itself_is_not_promoted(container, declare):
    configuration = declare("value", "misbehaving", parameters={"predict": "moody"})

    with pytest.raises(Conflict, match="does not repeat its goldens"):
        container.versioning.make(configuration, job_id=None, author="tests", progress=silent)

    assert champion(container) is None


@pytest.mark.parametrize(
    "parts",
    [
        {"algorithm": "none"},
        {"parameters": {"shift": []}},
        {"training": {"gate": {"metric": "roc_auc"}}},
    ],
)
def test_a_declaration_is_checked_against_what_there_is(container, parts):
    container.versioning.check(declaration_of())

    with pytest.raises(InvalidConfiguration):
        container.versioning.check(declaration_of(**parts))


def test_a_training_that_fails_leaves_nothing_behind(container, declare):
    configuration = declare("bad", "misbehaving", parameters={"train": "raise"})

    with pytest.raises(AlgorithmFailed):
        container.versioning.make(configuration, job_id=None, author="tests", progress=silent)

    assert list(container.versioning.scratch.iterdir()) == []
    assert container.registry.versions("default", "bad") == []
