"""The one hierarchy of errors."""

import pytest

from minerva import errors
from minerva.errors import Fault, MinervaError, Unavailable


def all_errors() -> list[type[MinervaError]]:
    """Return every class that is raised on purpose."""
    return [*MinervaError.__subclasses__(), errors.StepFailed]


def test_every_error_has_a_code_of_its_own():
    codes = [error.code for error in all_errors()]

    assert len(codes) >= 10
    assert len(set(codes)) == len(codes)
    assert "internal" not in codes


@pytest.mark.parametrize("error", all_errors())
def test_an_error_tells_its_message_and_its_faults(error):
    raised = error("The records do not fit.", faults=[Fault("/records/0/x", "is missing")])

    assert raised.message == "The records do not fit."
    assert str(raised) == "The records do not fit.\n  /records/0/x: is missing"
    assert raised.faults == (Fault("/records/0/x", "is missing"),)


def test_a_fault_without_a_place_is_its_message():
    assert str(Fault("", "is empty")) == "is empty"


def test_what_is_unavailable_tells_when_to_ask_again():
    assert Unavailable("Not now.").retry_after_s == 1
    assert Unavailable("Not now.", retry_after_s=30).retry_after_s == 30


def test_every_error_explains_itself_in_its_docstring():
    assert all(error.__doc__ for error in all_errors())
    assert errors.__doc__
