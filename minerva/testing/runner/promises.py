"""The promises of the runner protocol, in the order in which they are examined."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from minerva.testing.runner.answers import expect, expect_nothing, member, numbers, same
from minerva.testing.runner.bench import Bench
from minerva.testing.runner.data import classification, regression

MANY = 25
LONG_LINE = 4 * 1024 * 1024
REST = 2048
"""Room in a long line for what is not the long text."""
DATA = (classification, regression)


class Promise(NamedTuple):
    """What a runner promises, how it is examined (an AssertionError says what is wrong), what to do."""

    text: str
    examine: Callable[[Bench], None]
    advice: str


def _greets(bench: Bench) -> None:
    with bench.open() as runner:
        hello = runner.hello
    expect(bool(hello.name.strip()), "its name is empty")
    missing = {"train", "predict"} - hello.capabilities
    expect(not missing, f"its capabilities lack {' and '.join(sorted(missing))}")


def _learns(bench: Bench) -> None:
    with bench.open() as runner:
        for data in (make() for make in DATA):
            answer = bench.train(runner, data, data.name)
            expect_nothing(answer, f"train ({data.name})")


def _loads(bench: Bench) -> None:
    for data in (make() for make in DATA):
        bench.predict(data, data.columns(3), 3)


def _repeats(bench: Bench) -> None:
    with bench.open() as runner:
        for data in (make() for make in DATA):
            expect_nothing(bench.train(runner, data, f"{data.name}-again"), "train")
    for data in (make() for make in DATA):
        columns = data.columns(MANY)
        first = bench.predict(data, columns, MANY)
        again = bench.predict(data, columns, MANY, f"{data.name}-again")
        expect(same(first, again), f"two trainings ({data.name}) with the same seed differ")


def _any_batch(bench: Bench) -> None:
    for data in (make() for make in DATA):
        together = bench.predict(data, data.columns(MANY), MANY)
        bench.predict(data, data.columns(0), 0)
        for row in range(MANY):
            alone = {name: values[row : row + 1] for name, values in data.columns(MANY).items()}
            one = bench.predict(data, alone, 1)
            expected = {name: values[row : row + 1] for name, values in together.items()}
            expect(same(one, expected), f"record {row + 1} of {MANY} differs when asked alone")


def _gaps(bench: Bench) -> None:
    for data in (make() for make in DATA):
        bench.predict(data, data.gaps(1), 1)
        bench.predict(data, data.gaps(3), 3)


def _unseen(bench: Bench) -> None:
    for data in (make() for make in DATA):
        columns = {**data.columns(2), "district": [None, "süd"], "rating": [None, None]}
        bench.predict(data, columns, 2)


def _new_members(bench: Bench) -> None:
    data = classification()
    columns = data.columns(2)
    plain = bench.predict(data, columns, 2)
    expect(
        same(plain, bench.predict(data, columns, 2, novelty={"deep": [None, 1]})),
        "a member that it does not know changes its answer",
    )


def _unknown_request(bench: Bench) -> None:
    data = classification()
    runner = bench.load(data, data.name)
    answer = runner.ask("no-such-request", bench.waits.answer_s)
    expect(answer.refusal is not None, "it answered a request that does not exist with a result")
    bench.predict(data, data.columns(1), 1)


def _nothing_to_learn(bench: Bench) -> None:
    with bench.open() as runner:
        answer = bench.train(runner, classification(), "nothing", 0)
        refusal = answer.refusal
        expect(refusal is not None, "it learnt from no records at all")
        assert refusal is not None
        expect(refusal.code == "invalid_data", f"the error's code is {refusal.code}")
        expect(bool(refusal.message.strip()), "the error's message is empty")
        runner.ask("no-such-request", bench.waits.answer_s)


def _long_line(bench: Bench) -> None:
    data = classification()
    limit = min(bench.load(data, data.name).hello.max_line, LONG_LINE)
    columns = data.columns(1)
    columns["remark"] = ["é" * ((limit - REST) // 2)]
    bench.predict(data, columns, 1)


def _explains(bench: Bench) -> None:
    data = classification()
    runner = bench.load(data, data.name)
    if "explain" not in runner.hello.capabilities:
        return
    answer = runner.ask("explain", bench.waits.answer_s, rows=3, columns=data.columns(3))
    expect(answer.refusal is None, "it answered explain with an error")
    told = member(answer, "contributions", [item["name"] for item in data.schema["inputs"]])
    for name, values in told.items():
        numbers(name, values, 3)


def _says_goodbye(bench: Bench) -> None:
    code = bench.open().bye(bench.waits.end_s)
    expect(code is not None, f"it still runs {bench.waits.end_s:g} s after bye")
    expect(code == 0, f"its exit code after bye is {code}")


def _ends_with_input(bench: Bench) -> None:
    with bench.open() as runner:
        runner.process.hang_up()
        expect(
            runner.process.wait(bench.waits.end_s) is not None,
            f"it still runs after {bench.waits.end_s:g} s",
        )


PROMISES = (
    Promise(
        "It starts and answers hello.",
        _greets,
        "answer {'id', 'result': {'protocol': 1, 'name', 'version', 'capabilities', 'max_line'}} on "
        "standard output, flush it, and write everything else to standard error.",
    ),
    Promise(
        "It learns a classification and a regression.",
        _learns,
        "read one record per line from `data`, save into `folder`, then answer {'id', 'result': {}}.",
    ),
    Promise(
        "A fresh process loads what was saved, and predicts.",
        _loads,
        "save everything that predict needs; answer a list per output: numbers, for a boolean the "
        "probability of true, for a category a list of probabilities in the order of its values.",
    ),
    Promise(
        "The same data and seed give the same model.",
        _repeats,
        "draw every random number from a generator that starts with the request's `seed`.",
    ),
    Promise(
        "A batch of none, one or many is answered row by row alike.",
        _any_batch,
        "let no row depend on the others, and answer `rows` values even for 0 and 1 (a list, no scalar).",
    ),
    Promise(
        "Missing values are predicted from.",
        _gaps,
        "take null in any column for a missing value, and replace it, by the training data's mean say.",
    ),
    Promise(
        "Categories that were never seen are predicted from.",
        _unseen,
        "they come as null: treat them as missing.",
    ),
    Promise(
        "Members that it does not know are ignored.",
        _new_members,
        "read the members that you need, and let others be.",
    ),
    Promise(
        "A request that does not exist is answered with an error.",
        _unknown_request,
        "answer {'id', 'error': {'code': 'failed', 'message'}} and go on with the next line.",
    ),
    Promise(
        "Data that cannot be learnt from is refused with the reason.",
        _nothing_to_learn,
        "answer {'id', 'error': {'code': 'invalid_data', 'message'}} for zero records, and go on.",
    ),
    Promise(
        "A line of megabytes is read.",
        _long_line,
        "read whole lines whatever their length, or tell a smaller `max_line` in hello.",
    ),
    Promise(
        "It explains, if it says that it can.",
        _explains,
        "answer {'contributions': {input: list of numbers}} for every input, or leave `explain` out.",
    ),
    Promise(
        "It ends after bye.",
        _says_goodbye,
        "answer bye with {'id', 'result': {}}, then end with exit code 0.",
    ),
    Promise(
        "It ends when its input ends.",
        _ends_with_input,
        "end at the end of standard input, or it outlives Minerva.",
    ),
)
