"""The demo's own kind of job counts what the shared log tells of the last hours."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from minerva import JobContext
from minerva.errors import InvalidInput
from minerva.layers.abstraction.jobs.plugin_kind import PluginKind
from minerva.layers.abstraction.plugins.catalogue import Plugins

TELCO = Path(__file__).parents[2] / "examples" / "telco"


@pytest.fixture(scope="module")
def digest():
    return Plugins(TELCO)().job_kinds()["log-digest"]


def line(event: str, ago: timedelta) -> str:
    moment = (datetime.now(UTC) - ago).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return json.dumps({"timestamp": moment, "event": event}) + "\n"


def test_events_of_the_last_hours_are_counted(digest, tmp_path):
    logs = tmp_path / ".minerva" / "logs"
    logs.mkdir(parents=True)
    minute, day = timedelta(minutes=1), timedelta(days=1)
    lines = [line("request.finished", minute), line("job.started", minute), "no JSON\n", "[]\n"]
    (logs / "web.jsonl").write_text("".join([*lines, line("request.finished", day)]))
    (logs / "legacy.jsonl").write_text(line("request.finished", minute))
    context = JobContext(
        job_id="j",
        tenant="default",
        service="churn",
        parameters=digest.Parameters(hours=2),
        workspace=tmp_path,
        folder=tmp_path,
        progress=lambda fraction, message="": None,
    )

    assert digest.run(context) == {"events": {"request.finished": 2, "job.started": 1}}


@pytest.mark.parametrize("parameters", [{"hours": 0}, {"hours": "many"}, {"days": 1}])
def test_parameters_that_do_not_fit_are_refused_before_anything_is_queued(
    digest, tmp_path, parameters
):
    kind = PluginKind(digest, tmp_path)

    with pytest.raises(InvalidInput, match="log-digest") as error:
        kind.check(None, parameters)

    assert error.value.faults[0].where.startswith("/parameters")
