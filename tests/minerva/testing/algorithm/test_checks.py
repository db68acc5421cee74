"""Each check finds what it is there for, says what and how to mend it, and nothing else does."""

import re
from contextlib import chdir
from pathlib import Path

import pytest

from minerva.testing import algorithms_in
from minerva.testing.algorithm.case import Limits, make_case
from minerva.testing.algorithm.checks import CHECKS
from minerva.testing.verdict import Broken, NotApplicable

PLUGIN = Path(__file__).parent / "wrong_algorithms.py"
BY_NAME = {algorithm.name: algorithm for algorithm in algorithms_in(PLUGIN)}
LIMITS = Limits(training_memory_mb=256)
ONE_LIFE = {"memory", "files", "output"}
IN_A_FRESH_PROCESS = {"reading", "seed", "saving", "network", *ONE_LIFE}


@pytest.fixture
def case(tmp_path):
    """A function (name, output) that returns a case of one of the algorithms."""
    with chdir(tmp_path):  # one of them leaves a file in the working folder
        yield lambda name, output="number": make_case(
            BY_NAME[name], output=output, workspace=tmp_path, limits=LIMITS
        )


def looked(case, names):
    """What each check came to: "fine", advice, or what it raised."""
    found = {}
    for check in CHECKS:
        if check.name in names and check.concerns(case.algorithm):
            try:
                found[check.name] = check.look(case) or "fine"
            except (Broken, NotApplicable) as error:
                found[check.name] = error
    return found


ALL = {check.name for check in CHECKS}
QUICK = ALL - IN_A_FRESH_PROCESS


@pytest.mark.parametrize("output", ["category", "number", "boolean", "integer"])
def test_the_right_algorithm_keeps_every_promise(case, output):
    names = ALL if output == "number" else QUICK

    found = looked(case("right", output), names)

    left_out = {name for name, one in found.items() if isinstance(one, NotApplicable)}
    assert {name for name, one in found.items() if one != "fine"} == left_out == set()


FAILURES = [
    # algorithm, check, what happened, how to mend it
    ("explains badly", "answers", r"explain returned shape \(40, 99\)", "order of schema.features"),
    ("dice", "seed", r"Two trainings with one seed differ: record 0 is", "context.seed"),
    ("global dice", "seed", r"Two trainings with one seed differ", "context.seed"),
    ("hash order", "seed", r"A training in a fresh process differs", "order of a set"),
    ("forgets", "saving", r"A fresh process answers otherwise: record 0 is", "Write everything"),
    ("absolute", "saving", r"In a fresh process: load raised FileNotFoundError \(.*\) at wrong_algorithms.py, line \d+", "Mend that line"),
    ("remembers", "saving", r"In a fresh process: load raised AttributeError", "Mend that line"),
    ("batch mean", "rows", r"A batch of 40 changes an answer: record \d+ is \S+ alone, \S+ in a batch", "row i depend on record i only"),
    ("almost alike", "rows", "A batch of 40 changes the last digits of an answer", "Leave out `most_together`"),
    ("no empty batch", "empty", r"An empty batch is not answered: predict raised ValueError", "Return empty arrays"),
    ("takes over", "untouched", r"predict changed column 'ratio'", "Work on a copy"),
    ("no holes", "missing", r"With missing values: Output 'answer' holds NaN", "Fill holes"),
    ("afraid of holes", "missing", r"With missing values: predict raised ValueError", "Fill holes"),
    ("seen values only", "unseen", r"With a value of an input that no training row had: predict raised IndexError", r"len\(field.values\)"),
    ("one at a time", "threads", r"8 threads at once get other answers than one|With 8 threads at once", "Keep no state on the model"),
    ("talkative", "network", r"predict called socket.connect\(\('127.0.0.1', 9\)\) at wrong_algorithms.py, line \d+", "declare `network = True`"),
    ("asks for names", "network", r"train called socket.getaddrinfo\('localhost'\)", "declare `network = True`"),
    ("keeps all", "memory", r"100 predictions of \d+ records grew memory by \d+\.\d MB and again by", "Keep nothing of a batch"),
    ("hungry", "memory", r"train needed more than 256 MB", "--memory-mb"),
    ("writes into the workspace", "files", r"train wrote \S+/notes.txt at wrong_algorithms.py, line \d+", "Write in save only"),
    ("writes into its version", "files", r"load wrote \S+/cache at wrong_algorithms.py", "Write in save only"),
    ("writes from native code", "files", r"It wrote native.log into the working folder", "Write in save only"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "check", "what", "mend"), FAILURES, ids=[one[0] for one in FAILURES]
)
def test_a_broken_promise_is_found_by_its_own_check_only(case, name, check, what, mend):
    found = looked(case(name), QUICK | ({check} if check not in ONE_LIFE else ONE_LIFE))

    assert {other: str(one) for other, one in found.items() if one != "fine"}.keys() == {check}
    assert re.match(what, found[check].what)
    assert re.search(mend, found[check].mend)
    assert str(found[check]) == f"{found[check].what} {found[check].mend}"


USELESS = [
    ("wide", "number", r"Output 'answer' has shape \(40, 1\)", r"finite numbers of shape \(records,\)"),
    ("wide", "boolean", r"Output 'answer' has shape", r"probability of true, 0..1, of shape"),
    ("nan", "number", "Output 'answer' holds NaN or infinity", "finite numbers"),
    ("nothing", "number", "predict returned NoneType", "output name: array"),
    ("above one", "category", "Output 'answer' .* probabilit", "rows adding up to 1"),
    ("raises in predict", "number", r"predict raised KeyError \('unfortunate'\) at wrong_algorithms.py, line \d+", "Mend that line"),
    ("raises in train", "number", r"train raised AttributeError \(.*no_such_thing.*\) at wrong_algorithms.py, line \d+", "Mend that line"),
    ("refuses", "number", r"Training refused the data of the check with InvalidData \(There are not enough red rows\)", "`schema`, `data` or `output`"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "output", "what", "mend"), USELESS)
def test_what_gives_no_answers_is_told_first(case, name, output, what, mend):
    found = looked(case(name, output), {"answers"})["answers"]

    assert re.match(what, found.what)
    assert re.search(mend, found.mend)


def test_an_order_that_matters_is_found(case):
    found = looked(case("sorted"), {"rows"})["rows"]

    assert re.match("A batch of 40 changes an answer", found.what)


def test_a_category_of_the_output_that_no_row_had_keeps_its_place(case):
    found = looked(case("seen answers only", "category"), QUICK)

    assert {name for name, one in found.items() if one != "fine"} == {"unseen"}
    assert found["unseen"].what.startswith("With a value of an output that no training row had")


def test_what_is_declared_is_left_out(case):
    found = looked(case("one at a time, declared"), {"threads", "network"})

    assert {name: str(one) for name, one in found.items()} == {
        "threads": "declared thread_safe = False: its models are asked one call at a time",
        "network": "declared network = True",
    }


def test_temporary_folders_may_be_filled_and_removed(case):
    found = looked(case("tidies up"), {"files"})

    assert found == {"files": "fine"}


ADVICE = [
    ("refuses holes", "missing", "It refuses to learn from missing values"),
    ("refuses to answer holes", "missing", "It refuses to answer missing values"),
    ("prints", "output", "It prints ('hello there"),
    ("bare parameters", "parameters", "Parameter depth has no range and no description"),
]


@pytest.mark.parametrize(("name", "check", "advice"), ADVICE)
def test_what_could_be_better_is_advice(case, name, check, advice):
    found = looked(case(name), {check})[check]

    assert found[0].startswith(advice)


def test_every_parameter_is_looked_at_on_its_own(case):
    told = looked(case("bare parameters"), {"parameters"})["parameters"]

    assert [one.split(":")[0] for one in told] == [
        "Parameter depth has no range and no description",
        "Parameter share has no description",
    ]


def test_parameters_that_do_not_fit_are_told_with_what_there_is(tmp_path):
    case = make_case(BY_NAME["right"], parameters={"deep": 1}, workspace=tmp_path)

    found = looked(case, {"answers"})["answers"]

    assert "parameters do not fit right: /parameters" in found.what
    assert "--service" in found.mend


def test_a_schema_without_what_a_check_needs_leaves_it_out(tmp_path):
    from minerva import Schema

    schema = Schema.parse(
        {"inputs": {"x": {"type": "number"}}, "output": {"y": {"type": "number"}}}
    )
    case = make_case(BY_NAME["right"], schema=schema, workspace=tmp_path)

    found = looked(case, {"missing", "unseen"})

    assert [str(one) for one in found.values()] == [
        "no input is nullable",
        "the schema has no category",
    ]


def test_one_that_never_ends_in_a_fresh_process_is_ended(tmp_path):
    case = make_case(BY_NAME["right"], workspace=tmp_path, limits=Limits(timeout_s=0.001))

    found = looked(case, {"saving"})["saving"]

    assert found.what == "In a fresh process: It was not done within 0.001 s."
