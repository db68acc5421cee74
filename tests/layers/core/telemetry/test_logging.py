"""One format for every process, whoever logs: structlog, logging or warnings."""

import json
import logging
import re
import warnings

import pytest
import structlog

from minerva.errors import InvalidConfiguration
from minerva.layers.core.telemetry.logging import configure


@pytest.fixture
def logs(tmp_path):
    """A folder to configure logging for; what that changed is put back."""
    structlog.contextvars.clear_contextvars()
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield tmp_path / "logs"
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def lines(folder, component="web"):
    text = (folder / f"{component}.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def test_a_line_has_the_keys_that_every_line_has_in_front(logs):
    configure(logs, "web")

    structlog.get_logger(layer="core").info("request.finished", status=200)

    (event,) = lines(logs)
    assert list(event) == ["timestamp", "level", "event", "component", "layer", "status"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", event["timestamp"])
    assert (event["level"], event["component"], event["status"]) == ("info", "web", 200)


def test_the_context_is_on_every_line(logs):
    configure(logs, "job")
    structlog.contextvars.bind_contextvars(request_id="r-1", job_id="j-1")

    structlog.get_logger().info("job.started")
    logging.getLogger("some.library").warning("careful with %s", "this")

    ours, theirs = lines(logs, "job")
    assert (ours["request_id"], ours["job_id"]) == ("r-1", "j-1")
    assert (theirs["request_id"], theirs["job_id"]) == ("r-1", "j-1")
    assert (theirs["event"], theirs["logger"], theirs["level"]) == (
        "careful with this",
        "some.library",
        "warning",
    )


def test_less_important_events_are_left_out(logs):
    configure(logs, "web", "warning")

    structlog.get_logger().info("too.quiet")
    logging.getLogger("some.library").info("too quiet")
    structlog.get_logger().error("loud.enough")

    assert [event["event"] for event in lines(logs)] == ["loud.enough"]


def test_an_exception_is_one_field_of_one_line(logs):
    configure(logs, "web")

    for log in (structlog.get_logger(), logging.getLogger("some.library")):
        try:
            raise ValueError("broken")  # noqa: TRY301 - it is the case under test
        except ValueError:
            log.exception("it.failed")

    assert [
        (e["event"], e["exception"]["type"], e["exception"]["message"]) for e in lines(logs)
    ] == [
        ("it.failed", "ValueError", "broken"),
        ("it.failed", "ValueError", "broken"),
    ]


def test_warnings_take_the_same_way(logs):
    configure(logs, "cli")

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("old ways", DeprecationWarning, stacklevel=1)

    (event,) = lines(logs, "cli")
    assert event["logger"] == "py.warnings"
    assert "DeprecationWarning: old ways" in event["event"]
    logging.captureWarnings(False)


def test_secrets_are_masked(logs):
    configure(logs, "web")

    structlog.get_logger().info("called", api_key="hush", url="postgresql://me:hush@host/db")

    assert "hush" not in (logs / "web.jsonl").read_text()


def test_what_json_cannot_say_is_logged_all_the_same(logs):
    logging.getLogger().handlers.clear()  # the test runner's own do not bear what ours must
    configure(logs, "web")

    structlog.get_logger().info(
        "odd.values", path=logs, number=float("nan"), text="\ud800", keys={(1, 2): 3}
    )
    logging.getLogger("some.library").warning("%d arguments", "not a number")

    odd, bad_arguments = lines(logs)
    assert odd["event"] in {"odd.values", "'odd.values'"}
    assert str(logs) in odd["path"]
    assert bad_arguments["event"] == "%d arguments"


def test_configuring_again_moves_the_log_and_doubles_nothing(logs):
    configure(logs, "cli")
    configure(logs, "web")

    logging.getLogger("some.library").warning("once")

    assert [event["event"] for event in lines(logs)] == ["once"]
    assert lines(logs, "cli") == []


def test_without_a_folder_lines_go_to_standard_output(logs, capfdbinary):
    configure(None, "worker")

    structlog.get_logger().info("here")

    assert json.loads(capfdbinary.readouterr().out)["component"] == "worker"


def test_a_folder_that_cannot_be_used_is_a_configuration_error(tmp_path, logs):
    (tmp_path / "file").write_text("")

    with pytest.raises(InvalidConfiguration, match="MINERVA_LOG_FOLDER"):
        configure(tmp_path / "file", "web")
