"""An exception becomes one structured value that shows no local variable."""

import sys

from minerva.layers.core.telemetry.failures import MAX_CAUSES, add_failure, describe


def _raise_inside(payload):
    hidden_local = payload * 2
    raise ValueError("a bad value") from KeyError(len(hidden_local))


def _caught(function, *arguments):
    try:
        function(*arguments)
    except Exception as error:  # noqa: BLE001 - whatever was raised is the subject
        return error
    raise AssertionError("nothing was raised")


def test_type_message_frames_and_cause_are_told():
    described = describe(_caught(_raise_inside, "anna@example.org"))

    assert described["type"] == "ValueError"
    assert described["message"] == "a bad value"
    assert described["frames"][-1].startswith("core/telemetry/test_failures.py:")
    assert described["frames"][-1].endswith(" _raise_inside")
    assert [cause["type"] for cause in described["caused_by"]] == ["KeyError"]


def test_local_variables_are_not_told():
    assert "anna@example.org" not in str(describe(_caught(_raise_inside, "anna@example.org")))


def test_an_error_raised_while_another_was_handled_tells_both():
    def twice():
        try:
            {}["missing"]
        except KeyError:
            raise RuntimeError("second")  # noqa: B904 - the case under test

    assert [cause["type"] for cause in describe(_caught(twice))["caused_by"]] == ["KeyError"]


def test_a_suppressed_context_stays_suppressed():
    def twice():
        try:
            {}["missing"]
        except KeyError:
            raise RuntimeError("second") from None

    assert "caused_by" not in describe(_caught(twice))


def test_a_chain_of_causes_has_an_end():
    error = ValueError("0")
    for number in range(20):
        following = ValueError(str(number))
        following.__cause__ = error
        error = following

    assert len(describe(error)["caused_by"]) == MAX_CAUSES


def test_an_error_without_a_text_is_told_all_the_same():
    class Mute(Exception):
        def __str__(self):
            raise RuntimeError

    assert describe(Mute())["message"] == "(no message: its text could not be made)"


def test_every_usual_form_of_exc_info_is_understood():
    error = ValueError("x")

    def told(given):
        return add_failure(None, "error", {"exc_info": given}).get("exception", {}).get("message")

    assert told(error) == "x"
    assert told((ValueError, error, None)) == "x"
    assert told((None, None, None)) is None
    assert told(None) is None
    assert told(False) is None
    try:
        raise error
    except ValueError:
        assert sys.exc_info()[1] is error
        assert told(True) == "x"
