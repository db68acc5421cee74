"""What an attempt tells when it ends, whatever it ends by."""

import pytest

from minerva.errors import Fault, InvalidData, Unavailable
from minerva.layers.abstraction.jobs.kind import Part, Parts
from minerva.layers.abstraction.jobs.telling import told_by


def raising(error):
    """Return work that raises."""

    def work():
        raise error

    return work


def test_what_nobody_foresaw_is_told_by_its_kind_only(capsys):
    told = told_by(raising(KeyError("jane@example.org")))

    assert told["error"]["code"] == "internal"
    assert told["error"]["message"] == "The job failed unexpectedly (KeyError); see the job's log."
    assert told["error"]["transient"] is False
    assert "KeyError: 'jane@example.org'" in capsys.readouterr().err


def test_without_a_log_of_its_own_only_the_unforeseen_shows_its_stack(capsys):
    told_by(raising(Unavailable("The receiver is away.")), logged=False)
    assert capsys.readouterr().err == ""

    told_by(raising(KeyError("x")), logged=False)
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "transient"),
    [
        (Unavailable("The database is away."), "unavailable", True),
        (MemoryError(), "out_of_memory", True),
        (InvalidData("Wrong.", faults=[Fault("row 3", "is odd")]), "invalid_data", False),
    ],
)
def test_what_may_pass_is_told_apart_from_what_cannot(error, code, transient):
    told = told_by(raising(error))["error"]

    assert (told["code"], told["transient"]) == (code, transient)
    assert told["faults"] == [
        {"where": one.where, "message": one.message} for one in getattr(error, "faults", ())
    ]


def test_a_result_and_parts_are_told_as_plain_values():
    part = Part("batch.part", {"from": 0}, "0", "other", 3, {"time_s": 60})

    assert told_by(lambda: {"rows": 3}) == {"result": {"rows": 3}}
    assert told_by(lambda: Parts([part], "split")) == {
        "parts": [
            {
                "kind": "batch.part",
                "payload": {"from": 0},
                "key": "0",
                "service": "other",
                "revision": 3,
                "limits": {"time_s": 60},
            }
        ],
        "message": "split",
    }
