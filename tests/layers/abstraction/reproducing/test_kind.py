"""A version is made again and compared; nothing of it is kept."""

from datetime import UTC, datetime

import pytest
from tiny import declaration_of, silent, write_data

from minerva.errors import Conflict, InvalidInput, NotFound
from minerva.layers.abstraction.jobs.job import NewJob
from minerva.layers.abstraction.jobs.kind import Attempt
from minerva.layers.abstraction.reproducing.comparison import compare
from minerva.layers.abstraction.reproducing.kind import Reproducing
from minerva.layers.abstraction.training.called import Brought


@pytest.fixture
def reproduce(container, tmp_path):
    """Reproduce a version of the service `value` as a job does; return what it tells."""
    kind = Reproducing(container.versioning)

    def reproduced(**parameters):
        configuration = container.registry.configuration("default", "value")
        payload = kind.check(configuration, parameters)
        job = NewJob(
            "job-1", "default", "value", kind.name, payload, configuration.revision, "tests",
            None, "request-1", "0" * 32, 1, datetime.now(UTC),
        )  # fmt: skip
        return kind.work(job, Attempt(silent, tmp_path / "scratch"))

    return reproduced


def test_the_same_data_code_and_seed_give_the_same_bytes(make, reproduce, container):
    make("value")

    found = reproduce()

    assert (found["version"], found["identical"], found["differences"]) == (1, True, [])
    assert found["verdict"] == "Reproduced: byte for byte the same."
    assert len(container.registry.versions("default", "value")) == 1


def test_an_older_version_is_made_by_the_configuration_that_it_had(make, reproduce):
    make("value", parameters={"shift": 1.0})
    make("value", parameters={"shift": 2.0})

    assert reproduce(version=1)["identical"] is True
    assert reproduce(version=2)["identical"] is True


def test_data_that_has_changed_is_named_as_the_cause(make, reproduce, workspace):
    make("value", "mean")
    write_data(workspace, factor=3.0, rows=60)

    found = reproduce(version=1)

    assert (found["identical"], found["same_model"]) == (False, False)
    assert found["verdict"] == "Not reproduced."
    assert found["differences"][0] == "The data has changed since: 40 rows then, 60 now."
    assert any(one.startswith("rmse was ") for one in found["differences"])


def test_a_version_of_data_that_a_call_brought_is_not_made_of_other_data(
    container, declare, reproduce, workspace
):
    brought = Brought(declaration_of().data, {"from": "upload", "name": "june.csv"})
    container.versioning.make(
        declare("value"), job_id=None, author="tests", progress=silent, brought=brought
    )

    with pytest.raises(Conflict, match="data that a call brought"):
        reproduce()


@pytest.mark.parametrize(
    ("parameters", "error", "says"),
    [
        ({}, Conflict, "no champion yet"),
        ({"version": 7}, NotFound, "no version 7"),
        ({"version": "1"}, InvalidInput, "Nothing can be reproduced so."),
        ({"versoin": 1}, InvalidInput, "Nothing can be reproduced so."),
    ],
)
def test_what_cannot_be_reproduced_is_refused_before_it_is_queued(
    declare, reproduce, parameters, error, says
):
    declare("value")

    with pytest.raises(error, match=says):
        reproduce(**parameters)


FILES = {"model/a": "1", "plugin/p.py": "2", "profile.json": "3"}
THEN = {"files": FILES, "libraries": {"numpy": "2.0"}, "metrics": {"rmse": 1.0}, "signed_by": "a"}


@pytest.mark.parametrize(
    ("now", "identical", "same_model", "says"),
    [
        ({"signed_by": "b"}, True, True, ()),
        ({"libraries": {"numpy": "2.1"}}, False, True, ("numpy was 2.0, is 2.1.",)),
        ({"metrics": {}}, False, True, ("rmse was 1, is not measured.",)),
        (
            {"files": {**FILES, "plugin/p.py": "9"}},
            False,
            True,
            ("The algorithm's code is another one.", "Other bytes: plugin/p.py."),
        ),
        ({"files": {**FILES, "model/a": "9"}}, False, False, ("Other bytes: model/a.",)),
        ({"plugin": {"digest": "9"}}, False, True, ("The algorithm's code is another one.",)),
        ({"appraisal": {"worst": None}}, False, True, ("Told otherwise: appraisal.",)),
    ],
)
def test_each_difference_has_a_sentence(now, identical, same_model, says):
    found = compare(THEN, {**THEN, **now})

    assert (found.identical, found.same_model) == (identical, same_model)
    assert found.differences == says
