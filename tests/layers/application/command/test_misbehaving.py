"""A runner that breaks the protocol is ended with all that it started; the next call starts it again."""

import gc
import os
import subprocess
import sys
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from structlog.testing import capture_logs
from waiting import wait_until

from minerva import AlgorithmFailed
from minerva.runner import MAX_LINE

RIGHT = '{"id": #, "result": {"predictions": {"y": [1, 2, 3]}}}'
WAYS = {
    "wrong_id": "answered another request than it was asked",
    "late": "did not answer in time and was ended",
    "invalid_utf8": "a line that is not UTF-8",
    "exit": "ended with exit code 3",
    "crash": "was ended by signal 11",
    "close": "closed its standard input or output",
    "junk": "a line that is not JSON",
    "family": "answered another request",
    "": "a line that is not JSON",
    "[1]": "a line that is not a JSON object",
    "[" * 100_000: "a line that is nested too deep",
    RIGHT + RIGHT: "a line that is not JSON",
    RIGHT.replace("#", "true"): "without a whole number as `id`",
    RIGHT.replace("#", '"#"'): "without a whole number as `id`",
    RIGHT.replace('"id": #, ', ""): "without a whole number as `id`",
    RIGHT.replace("#", "9" * 5000): "a number of thousands of digits",
    RIGHT.replace("2", "NaN"): "NaN or Infinity",
    RIGHT.replace("2", "-Infinity"): "NaN or Infinity",
    RIGHT.replace("2", "1e999"): "that no 64-bit float holds",
    RIGHT.replace("2", "1" + "0" * 400): "that no 64-bit float holds",
    RIGHT.replace("2", '"2"'): "something in it that is not a number",
    RIGHT.replace("2", "true"): "something in it that is not a number",
    RIGHT.replace("2", "null"): "something in it that is not a number",
    RIGHT.replace("2", "[2]"): "something in it that is not a number",
    RIGHT.replace(", 3", ""): "not a list of 3 numbers",
    RIGHT.replace("[1, 2, 3]", "6"): "not a list of 3 numbers",
    RIGHT.replace("[1, 2, 3]", "[1, 2, 3], " + '"y": [1, 2, 3]'): "has a member twice",
    RIGHT.replace('"y"', '"z"'): "for other names than 'y'",
    RIGHT.replace("]}", ']}, "more": 1'): "that is not `predictions`, an object, alone",
    RIGHT.replace("predictions", "prediction"): "that is not `predictions`, an object, alone",
    '{"id": #, "result": {"predictions": [1, 2, 3]}}': "that is not `predictions`",
    '{"id": #, "result": [1, 2, 3]}': "neither `result` nor `error`",
    '{"id": #}': "neither `result` nor `error`",
    '{"id": #, "result": {}, "error": {"code": "failed", "message": ""}}': "neither `result`",
    '{"id": #, "error": {"code": "broken", "message": "no"}}': "an error without `code`",
    '{"id": #, "error": {"code": "failed"}}': "an error without `code`",
    '{"id": #, "error": {"code": "failed", "message": 3}}': "a message that is no text",
    '{"id": #, "progress": 0.5}': "told progress of what is no training",
    '{"id": #, "progress": "half"}': "a progress that is no number from 0 to 1",
}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way[:40])
def test_an_answer_that_breaks_the_protocol_is_refused_and_leaves_nothing_running(
    stub, way, monkeypatch
):
    runner = stub()
    if way == "close":
        monkeypatch.setattr("minerva.runner.process.END_WAIT_S", 0.5)
    model = runner.train()
    runner.behave(f"predict:{way}")
    hurry(model, 0.3 if way == "late" else 60)

    with pytest.raises(AlgorithmFailed) as caught:
        model.predict(runner.batch())

    assert WAYS[way] in caught.value.message
    assert "runner.py" in caught.value.message
    wait_until(
        lambda: runner.left() == []
    )  # its children are killed with it, but nobody waits for them
    runner.behave()
    hurry(model, 60)
    assert model.predict(runner.batch())["y"].tolist() == [1.5, 0.0, 3.0]


def hurry(model, seconds):
    """Give a model another deadline for its answers."""
    parameters = msgspec.structs.replace(model.launch.parameters, answer_s=seconds)
    model.launch = replace(model.launch, parameters=parameters)


@pytest.mark.parametrize("way", ["chunks", "blanks"])
def test_partial_writes_and_blanks_are_legal(stub, way):
    runner = stub()
    model = runner.train()
    runner.behave(f"predict:{way}")

    assert model.predict(runner.batch())["y"].tolist() == [1.5, 0.0, 3.0]


@pytest.mark.parametrize("way", ["twice", "afterwards"])
def test_what_comes_after_an_answer_is_noticed_before_the_next_request(stub, way):
    runner = stub()
    model = runner.train()
    runner.behave(f"predict:{way}")
    model.predict(runner.batch())
    runner.behave()

    with pytest.raises(AlgorithmFailed, match="without being asked"):
        model.predict(runner.batch())

    assert runner.left() == []
    assert model.predict(runner.batch())["y"].tolist() == [1.5, 0.0, 3.0]


def test_a_line_without_an_end_is_read_up_to_the_limit_and_no_further(stub):
    runner = stub()
    model = runner.train()
    runner.behave("predict:endless")
    tracemalloc.start()

    with pytest.raises(AlgorithmFailed, match=f"a line of more than {MAX_LINE} bytes"):
        model.predict(runner.batch())

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert MAX_LINE < peak < 2.5 * MAX_LINE
    assert runner.left() == []


def test_a_runner_that_does_not_read_its_input_is_ended(stub):
    runner = stub()
    model = runner.train()
    runner.behave("then:deaf")
    model.predict(runner.batch())
    hurry(model, 0.3)

    with pytest.raises(AlgorithmFailed, match="did not read a request in time"):
        model.predict(runner.batch([{"x": 1.0}] * 50_000))

    assert runner.left() == []


def test_a_runner_that_dies_between_two_calls_is_started_again(stub):
    runner = stub()
    model = runner.train()
    os.kill(runner.left()[0], 9)
    died = runner.pids()[-1]
    wait_until(lambda: not (set(runner.left()) & {died}))

    assert model.predict(runner.batch())["y"].tolist() == [1.5, 0.0, 3.0]

    assert len(runner.left()) == 1
    assert runner.left() != [died]


def test_a_runner_that_dies_at_every_start_fails_once_a_call(stub):
    runner = stub()
    model = runner.train()
    model.close()
    runner.behave("load:exit")
    before = len(runner.pids())

    with pytest.raises(AlgorithmFailed, match="exit code 3"):
        model.predict(runner.batch())

    assert len(runner.pids()) == before + 1
    assert runner.left() == []


def test_a_refusal_is_told_to_the_log_and_not_to_the_caller_and_the_runner_lives_on(stub):
    runner = stub()
    model = runner.train()
    alive = runner.left()
    runner.behave("predict:refuse")

    with capture_logs() as logs, pytest.raises(AlgorithmFailed) as caught:
        model.predict(runner.batch())

    assert "42" not in caught.value.message
    assert "could not predict; the log says why" in caught.value.message
    (event,) = [event for event in logs if event["event"] == "runner.refused"]
    assert event["reason"] == "the secret is 42"
    assert runner.left() == alive


def test_a_forgotten_model_ends_its_runner(stub):
    runner = stub()
    model = runner.train()
    assert len(runner.left()) == 1
    assert runner.scratch()

    del model
    gc.collect()  # or another thread is at it already

    wait_until(lambda: runner.left() == [], what="its process still runs")
    wait_until(lambda: not runner.scratch(), what=runner.scratch)


KEEPER = """
import os, signal, sys
from pathlib import Path
from minerva.runner import Conversation, Program
program = Program([sys.executable, sys.argv[1]], Path("."), {"PIDS": sys.argv[2], "MODE": sys.argv[3]})
conversation = Conversation.open(program, 30)
print("ready", flush=True)
os.kill(os.getpid(), getattr(signal, sys.argv[4])) if sys.argv[4] != "end" else None
"""


@pytest.mark.parametrize("how", ["SIGKILL", "SIGTERM", "end"])
def test_whoever_started_a_runner_takes_it_along_however_he_ends(stub, how):
    """Also one that does not read its input's end: the mode leaves it deaf."""
    runner = stub()
    runner.behave("then:deaf")
    script, pids, mode = (str(runner.folder / name) for name in ("runner.py", "pids", "mode"))

    done = subprocess.run(
        [sys.executable, "-c", KEEPER, script, pids, mode, how],
        stdout=subprocess.PIPE, timeout=60, check=False,
    )  # fmt: skip

    assert done.stdout == b"ready\n"
    wait_until(lambda: runner.left() == [])


@pytest.mark.parametrize(
    ("mode", "message"),
    [
        ("start:deaf", "did not answer in time"),
        ("hello:exit", "ended with exit code 3"),
        ("hello:refuse", "answered hello with an error"),
        ("hello:nothing", "answered hello with other members"),
        (
            'hello:{"id": #, "result": {"protocol": 2, "name": "", "version": "", "capabilities": [], "max_line": 65536}}',
            "answered hello with protocol 2, not 1",
        ),
        (
            'hello:{"id": #, "result": {"protocol": 1, "name": "", "version": "", "capabilities": [1], "max_line": 65536}}',
            "answered hello with other members",
        ),
        (
            'hello:{"id": #, "result": {"protocol": 1, "name": "", "version": "", "capabilities": [], "max_line": 5}}',
            "a max_line below 4096",
        ),
        ("train:exit", "ended with exit code 3"),
        ("train:refuse", "could not train; the log says why"),
        ("train:late", "did not answer in time"),
        ('train:{"id": #, "result": {"trained": true}}', "answered train with a result that is not {}"),
        ("train:link", "saved what is neither file nor folder"),
        ("load:refuse", "could not load; the log says why"),
        ("load:crash", "was ended by signal 11"),
    ],
)  # fmt: skip
def test_a_training_that_fails_leaves_nothing_behind(stub, mode, message):
    late = mode in {"start:deaf", "train:late"}
    runner = stub(start_s=1.0 if late else 30.0, train_s=1.0 if late else 30.0)
    runner.behave(mode)

    with pytest.raises(AlgorithmFailed) as caught:
        runner.train()

    assert message in caught.value.message
    assert runner.left() == []
    assert not runner.scratch()


def test_several_threads_wait_for_each_other(stub):
    runner = stub()
    model = runner.train()

    def ask(x):
        return model.predict(runner.batch([{"x": float(x)}]))["y"].tolist()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(200)))

    assert answers == [[float(x)] for x in range(200)]
    assert len(runner.left()) == 1


def test_the_tests_can_see_a_running_process(stub):
    runner = stub()
    model = runner.train()

    (pid,) = runner.left()

    assert Path(f"/proc/{pid}").exists()
    assert np.allclose(model.predict(runner.batch())["y"], [1.5, 0, 3])
