"""Each check finds what it is there for, says what and how to mend it, and no other one does."""

import re
from pathlib import Path

import pytest

from minerva.testing import steps_in
from minerva.testing.origin import origin_of
from minerva.testing.step.case import Limits, StepCase
from minerva.testing.step.checks import CHECKS
from minerva.testing.step.example import example_of
from minerva.testing.verdict import Broken, NotApplicable

PLUGIN = Path(__file__).parent / "wrong_steps"
BY_NAME = {step.name: step for step in steps_in(PLUGIN)}
X = {"x": {"type": "number", "pii": True}}
COLUMN = {"x": [1.0, 2.5, -3.0, 6.0, 7.0, -2.0]}
ALL = {check.name for check in CHECKS}
IN_A_FRESH_PROCESS = {"outputs", "learnt", "again", "network", "files"}
QUICK = ALL - IN_A_FRESH_PROCESS


@pytest.fixture
def case(tmp_path, monkeypatch):
    """A function (name) that returns a case of one of the steps."""
    monkeypatch.chdir(tmp_path)  # one of them leaves a file in the working folder

    def made(name, **parts):
        step = BY_NAME[name]
        given = {"fields": X, "columns": COLUMN, "of": None, "records": None}
        given.update({one: parts.pop(one) for one in list(parts) if one in given})
        return StepCase(
            step=step,
            origin=origin_of(step),
            example=example_of(step, **given),
            workspace=tmp_path,
            **parts,
        )

    return made


def looked(case, names):
    """What each check came to: "fine", advice, or what it raised; one that others build on ends it."""
    found = {}
    for check in CHECKS:
        if check.name in names and check.concerns(case.step):
            try:
                found[check.name] = check.look(case) or "fine"
            except (Broken, NotApplicable) as error:
                found[check.name] = error
                if check.base:
                    break
    return found


@pytest.mark.parametrize(
    "name", ["right", "right-spread", "right-gather", "right-learner", "right-of-any"]
)
def test_the_right_steps_keep_every_promise(case, name):
    found = looked(case(name), ALL)

    assert {check for check, one in found.items() if one != "fine"} == set()
    assert ("groups" in found, "learnt" in found) == ("gather" in name, "learner" in name)


FAILURES = [
    # step, check, what happened, how to mend it
    ("Shouts", "declared", "Shouts has no name of lower-case letters and dashes", "small-letters"),
    ("helper", "declared", "Helper has no role or no shape that there is", "collect, handle, features, post"),
    ("collects-inside", "declared", "It collects, and does not say that it reaches outside", "`outside = True`"),
    ("learns-early", "declared", "It learns, and its role is handle", 'role = "features"'),
    ("no-batch", "declared", "Its batch is no number of rows", "1 or more"),
    ("odd-type", "declared", "An input may have a type that there is not: 'float'", "with types of integer, number"),
    ("no-label", "outputs", "Its label 'title' names none of its rows", "an output of a step of shape `spread`"),
    ("chance-of-nothing", "outputs", "Field 'colour.green' is none of the values of 'colour'", "`c.VALUE`"),
    ("large-chance", "outputs", "Field 'colour.red' is no number from 0 to 1", "`c.VALUE`"),
    ("says-more-each-time", "outputs", "outputs gives other fields the second time", "inputs and parameters only"),
    ("asks-to-say", "outputs", r"outputs called socket.connect\(\('127.0.0.1', 9\)\) at \w+.py, line \d+", "belongs into `run`"),
    ("writes-to-say", "outputs", r"outputs wrote \S+said.txt at \w+.py, line \d+", "belongs into `run`"),
    ("heavy", "outputs", "Importing the step, or outputs, loaded scipy", "in `run` or `fit`"),
    ("trusts-inputs", "refusals", "With no input: outputs raised KeyError", "Raise InvalidConfiguration"),
    ("refuses-oddly", "refusals", r"With no input: outputs raised InvalidInput \(There is no x\)", "Raise InvalidConfiguration"),
    ("numbers-only", "types", "With 'x' of type text, which outputs accepts: run", "Refuse it in `outputs`"),
    ("afraid-of-gaps", "gaps", r"With 'x' missing in some rows: run raised ValueError \(gap\) at \w+.py", "context.fail"),
    ("hides-gaps", "gaps", "With 'x' missing in some rows: run broke its word: It made nothing of item 0, for 'twice'", "refuse nullable inputs"),
    ("spoilt-by-gaps", "gaps", "With 'x' missing in some rows: row 1 is 5 among whole rows, missing among rows with gaps", "its own row only"),
    ("first-is-special", "rows", r"Other rows change what is made of one: row 1 is 5 in one batch, 0 alone", "row i depend on row i only"),
    ("one-sum", "rows", r"Other records change what is made of one: record 0 is", "go by `items.of`"),
    ("afraid-of-nothing", "empty", r"Without rows: run raised IndexError \(nothing\)", "Return empty columns"),
    ("groups-that-are-there", "groups", "With records without rows: run broke its word: It made 3 rows of 7", "size by `items.records`"),
    ("takes-over", "untouched", "run changed column 'x' of the items", r"items\['x'\].copy"),
    ("counts-from-one", "failures", r"context.fail was told of row 8, and there are 6", "position of the row"),
    ("speechless", "failures", "context.fail was told no reason for row 2", "in a sentence"),
    ("talkative", "failures", "The reason that context.fail was told for row 2 holds the value of 'x'", "not its value"),
    ("learns-by-chance", "learnt", "Two fits on the same rows differ: array 'mean' is another one", "fixed seed"),
    ("learns-in-itself", "again", "A fresh process makes something else: row 0 is", "instance did before"),
    ("hash-order", "again", "A fresh process makes something else: row 0 is", "order of a set"),
    ("one-at-a-time", "threads", "8 threads at once make something else: row 0 is", "Keep no state"),
    ("calls-out", "network", r"run called socket.connect\(\('127.0.0.1', 9\)\) at \w+.py, line \d+", "declare `outside = True`"),
    ("leaves-notes", "files", r"run wrote \S+/notes.txt at \w+.py, line \d+", "context.volume.write"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "check", "what", "mend"), FAILURES, ids=[one[0] for one in FAILURES]
)
def test_a_broken_promise_is_found_by_its_own_check_only(case, name, check, what, mend):
    found = looked(case(name), QUICK | {check})

    assert {other: str(one) for other, one in found.items() if one != "fine"}.keys() == {check}
    assert re.match(what, found[check].what)
    assert re.search(mend, found[check].mend)
    assert str(found[check]) == f"{found[check].what} {found[check].mend}"


SEVERAL = [
    ("less-the-mean", "rows", r"Other rows change what is made of one: row 0 is \S+ in one batch, 0 alone", "row i depend on row i only"),
    ("remembers-objects", "learnt", "What fit returned cannot be kept: Object arrays cannot", "no objects"),
    ("remembers-objects", "again", "What fit returned cannot be kept: Object arrays cannot", "no objects"),
    ("dice", "again", "Two runs on the same rows differ: row 0 is", "fixed seed"),
    ("dice", "rows", "Other rows change what is made of one", "row i depend on row i only"),
    ("says-nothing", "outputs", "outputs returned nothing", "minerva.Field, one for each column"),
    ("says-types", "outputs", "outputs returned no field as 'twice'", "minerva.Field, one for each column"),
    ("silent", "made", "run broke its word: It did not make 'twice'", "a column for each field"),
    ("short", "made", "run broke its word: It made 5 rows of 6, for 'twice'", "as many rows as its shape says"),
    ("texts", "made", "run broke its word: It made object where a number was promised", "a column for each field"),
    ("returns-nothing", "made", "run raised TypeError", "Mend that line"),
    ("endless", "made", "It made infinity in 'twice'", "Keep to what the field"),
    ("beyond-range", "made", "It made 14, which is more than 1, in 'twice'", "Keep to what the field"),
    ("half-integers", "made", "It made numbers that are not whole in 'twice'", "Keep to what the field"),
    ("raises", "made", r"run raised KeyError \('unfortunate'\) at \w+.py, line \d+", "Mend that line"),
    ("gives-up", "made", "Nothing is made of the example's rows: It is Sunday", "Give the contract `columns`"),
    ("not-spread", "made", "run broke its word: It returned no Spread", r"Return Spread\(columns, of\)"),
    ("disordered", "made", "run broke its word: Its `of` decreases", "never decreasing"),
    ("beyond", "made", "run broke its word: Its `of` decreases, or names items that there are not", "never decreasing"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "check", "what", "mend"), SEVERAL)
def test_what_breaks_many_promises_is_told_by_the_first(case, name, check, what, mend):
    found = looked(case(name), {check})[check]

    assert re.match(what, found.what)
    assert re.search(mend, found.mend)


def test_what_reaches_outside_is_not_held_to_what_may_change(case):
    found = looked(case("goes-out"), ALL)

    left_out = {name for name, one in found.items() if isinstance(one, NotApplicable)}
    assert left_out == {"types", "gaps", "rows", "again", "network", "files"}
    assert {name for name, one in found.items() if one == "fine"} == found.keys() - left_out


def test_an_answer_of_outputs_that_takes_long_is_told(case):
    found = looked(case("right", limits=Limits(outputs_s=0.0)), {"outputs"})["outputs"]

    assert re.match(r"outputs took 0.0 s of a processor", found.what)


def test_parameters_that_do_not_fit_are_told(case):
    found = looked(case("right", parameters={"deep": 1}), {"outputs"})["outputs"]

    assert found.what.startswith("The parameters do not fit handle: right: /parameters/deep")
    assert "Give the contract `parameters`" in found.mend


EXAMPLES = [
    ({"columns": {"y": [1]}}, "columns are not its fields"),
    ({"columns": {"x": ["many"]}}, "The example does not fit its fields"),
    ({"fields": {"x": {"type": "float"}}}, "Field 'x' of the example is none"),
    ({"fields": {"x": {"type": "category"}}}, "Field 'x' of the example is none"),
    ({"of": [1, 0, 0, 0, 0, 0]}, "`of` is no record for each of its 6 rows"),
    ({"of": [0, 0, 0, 1, 1, 2], "records": 2}, "`of` is no record for each of its 6 rows"),
]


@pytest.mark.parametrize(("parts", "what"), EXAMPLES)
def test_an_example_that_does_not_fit_is_told(case, parts, what):
    with pytest.raises(Broken, match=what):
        case("right-gather", **parts).items()


def test_groups_are_as_they_are_declared(case):
    gathered = case("right-gather", of=[0, 0, 2, 2, 2, 2], records=4)

    assert [unit[0]["twice"] for unit in gathered.run().units] == [3.5, 0.0, 8.0, 0.0]


PERSONAL = [
    ({"x": {"type": "text", "pii": True, "nullable": True}}, ["Jane Doe", "", None], "Jane Doe"),
    ({"x": {"type": "category", "values": ["ill", "well"], "pii": True}}, ["well", "ill"], "well"),
    ({"x": {"type": "integer", "pii": True, "nullable": True}}, [41, None], "41"),
]


@pytest.mark.parametrize(("fields", "column", "value"), PERSONAL)
@pytest.mark.parametrize("told", [True, False])
def test_a_reason_may_name_a_field_and_not_its_personal_value(case, fields, column, value, told):
    reason = f"Of {value} nothing can be made." if told else "Of x nothing is made: swelling, 241."
    telling = case("tells", parameters={"reason": reason}, fields=fields, columns={"x": column})

    found = looked(telling, {"failures"})["failures"]

    assert found == "fine" or "holds the value of 'x', which is declared personal" in found.what
    assert (found != "fine") is told
