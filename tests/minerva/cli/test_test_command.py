"""`minerva test`: a line per promise, the reason and the remedy, and an exit code."""

import json
import os
import subprocess
import sys

import pytest

PLUGIN = """
import os
import numpy as np
from minerva import Algorithm, hookimpl
{top}

class Model:
    def __init__(self, output):
        self.output = output

    def predict(self, batch):
        {predict}
        return {{self.output: np.full(len(batch), 0.5)}}

    def save(self, folder):
        (folder / "model.txt").write_text(self.output)

class Flat(Algorithm):
    name = "flat"

    def train(self, data, context):
        return Model(context.schema.target()[0])

    def load(self, folder, context):
        return Model((folder / "model.txt").read_text())

@hookimpl
def minerva_algorithms():
    return [Flat()]
"""
SERVICE = """
service: rent
algorithm: rules
parameters:
  rules: [{when: "size > 50", then: {rent: "size * 12"}}]
  otherwise: {rent: 500}
schema:
  inputs:
    size: {type: number, minimum: 0}
  output:
    rent: {type: number}
"""


@pytest.fixture
def workspace(minerva, tmp_path):
    minerva("init")
    return tmp_path


@pytest.fixture
def plugin(workspace):
    """A function (code at each step) that writes plugins/flat.py."""

    def write(top="", predict=""):
        (workspace / "plugins" / "flat.py").write_text(PLUGIN.format(top=top, predict=predict))

    return write


def test_a_line_tells_each_promise(minerva, plugin):
    plugin()

    result = minerva("test", "plugins/flat.py", "--output", "number")

    assert result.exit_code == 0, result.output
    first, *lines, last = result.stdout.splitlines()
    assert first == "flat:"
    assert lines[0] == "  ✓ learns, and its answers fit the output"
    assert len([line for line in lines if line.startswith("  ✓ ")]) == 14
    assert last == "14 passed (with an output of type number)."


@pytest.mark.parametrize("target", ["flat", "flat.py", "plugins/flat", "./plugins/flat.py"])
def test_a_plugin_may_be_named_as_one_likes(minerva, plugin, target):
    plugin(top="1 / 0")

    result = minerva("test", target)

    assert result.exit_code == 1
    assert "Importing flat.py, line 5 raised ZeroDivisionError" in result.stdout


def test_what_is_broken_is_told_with_the_remedy(minerva, plugin):
    plugin(predict="if len(batch) == 0: os._exit(3)")

    result = minerva("test", "flat", "--output", "number")

    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    broken = lines.index("  ✗ an empty batch is answered")
    assert lines[broken + 1 : broken + 3] == [
        "      Its process ended with exit code 3.",
        "      Look for native code that crashes, for os._exit and for memory beyond what there is.",
    ]
    assert lines[-1] == "13 passed, 1 failed (with an output of type number)."


def test_an_endless_loop_ends_at_the_limit(minerva, plugin):
    plugin(top="import time", predict="time.sleep(600)")

    result = minerva("test", "flat", "--output", "number", "--timeout", "15")

    assert result.exit_code == 1
    assert "It was not done within 15 s." in result.stdout
    assert result.stdout.splitlines()[-1] == "1 failed (with an output of type number)."


def test_machines_are_told_the_same(minerva, plugin):
    plugin(predict="raise KeyError(1)")

    result = minerva("test", "flat", "--output", "number", "--json")

    told = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (told["target"], told["passed"], told["problem"]) == ("flat", False, None)
    (algorithm,) = told["algorithms"]
    (check,) = algorithm["checks"]
    assert algorithm["algorithm"] == "flat"
    assert (check["check"], check["state"]) == ("answers", "failed")
    assert check["what"] == "predict raised KeyError (1) at flat.py, line 12."
    assert check["mend"].startswith("Mend that line")


def test_machines_are_told_why_a_plugin_cannot_be_used(minerva, plugin):
    plugin(top="import no_such_library")

    result = minerva("test", "flat", "--json")

    told = json.loads(result.stdout)
    assert (result.exit_code, told["passed"], told["algorithms"]) == (1, False, [])
    assert "ModuleNotFoundError" in told["problem"]["what"]
    assert "`requirements`" in told["problem"]["mend"]


def test_a_service_lends_its_schema_and_parameters(minerva, workspace):
    (workspace / "services" / "rent.yaml").write_text(SERVICE)

    result = minerva("test", "--service", "rent")

    assert result.exit_code == 0, result.output
    assert "  - missing values are answered: no input is nullable" in result.stdout
    assert "0 failed" not in result.stdout
    assert "12 passed, 2 left out (with an output of type number)." in result.stdout


def test_an_algorithm_that_no_made_up_data_suits_asks_for_a_service(minerva, workspace):
    result = minerva("test", "rules")

    assert result.exit_code == 1
    assert "--service" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nope.py"], "nope.py is no plugin"),
        (["plugins/nope"], "plugins/nope is no plugin"),
        (["nope"], "There is no algorithm 'nope'"),
        (["constant", "--service", "nope"], "There is no services/nope.yaml"),
        ([], "Name a plugin"),
        (["constant", "--timeout", "0"], "--timeout"),
    ],
)
def test_what_cannot_be_tested_is_misuse(minerva, workspace, arguments, told):
    result = minerva("test", *arguments)

    assert result.exit_code == 2
    assert told in result.stderr


def test_it_works_where_pytest_is_not_installed(plugin, workspace):
    plugin(predict="raise KeyError(1)")
    nowhere = workspace / "nowhere"
    nowhere.mkdir()
    (nowhere / "pytest.py").write_text("raise ImportError('there is no pytest')")

    done = subprocess.run(
        [sys.executable, "-m", "minerva.cli", "test", "flat", "--output", "number"],
        cwd=workspace,
        env={**os.environ, "PYTHONPATH": str(nowhere)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stderr == ""
    assert "predict raised KeyError" in done.stdout


def test_requirements_are_installed_for_the_test_only(minerva, plugin, workspace):
    """What pytest brings, too: iniconfig, but in another version."""
    plugin(
        predict="from importlib.metadata import version; os._exit(version('iniconfig') != '2.0.0')"
    )
    file = workspace / "plugins" / "flat.py"
    file.write_text(
        file.read_text().replace('"flat"', '"flat"; requirements = ["iniconfig==2.0.0"]')
    )

    result = minerva("test", "flat", "--output", "number")

    assert "Its process ended with exit code 0." in result.stdout
    assert list((workspace / ".minerva" / "environments").glob("*/bin/python"))


STEP = """
import numpy as np
from minerva import Algorithm, Field, Spread, Step, hookimpl
{top}

class Doubled(Step):
    name = "doubled"
    role = "handle"
    inputs = {inputs}
    outside = {outside}

    def outputs(self, inputs, parameters):
        return {{"twice": Field(type="number", nullable=True)}}

    def run(self, items, context):
        {run}
        return {{"twice": 2 * items["x"]}}

@hookimpl
def minerva_steps():
    return [Doubled()]
"""


@pytest.fixture
def step(workspace):
    """A function (code at each step) that writes plugins/doubled.py."""

    def write(top="", run="", outside="False", inputs='{"x": ("number",)}'):
        text = STEP.format(top=top, run=run, outside=outside, inputs=inputs)
        (workspace / "plugins" / "doubled.py").write_text(text)

    return write


def test_steps_of_a_plugin_are_tried_on_rows_that_are_made_up(minerva, step):
    step()

    result = minerva("test", "plugins/doubled.py")

    assert result.exit_code == 0, result.output
    first, *lines, last = result.stdout.splitlines()
    assert (first, last) == ("handle: doubled:", "15 passed.")
    assert lines[2] == "  ✓ says what it makes, at once and without an effect"
    assert all(line.startswith("  ✓ ") for line in lines)


def test_a_step_that_crashes_is_one_verdict(minerva, step):
    step(top="import os", run="if not len(items): os._exit(3)")

    result = minerva("test", "doubled", "--json")

    told = json.loads(result.stdout)
    assert (result.exit_code, told["passed"], told["algorithms"]) == (1, False, [])
    (tested,) = told["steps"]
    states = {check["check"]: check["state"] for check in tested["checks"]}
    assert tested["step"] == "handle: doubled"
    assert {name for name, state in states.items() if state == "failed"} == {"empty"}
    assert len(states) == 15


def test_a_step_that_breaks_a_promise_is_told_where_and_how_to_mend_it(minerva, step):
    step(run="items['x'][:1] = 0")

    result = minerva("test", "doubled")

    assert result.exit_code == 1
    assert "      run changed column 'x' of the items that it was given.\n" in result.stdout
    assert "      Work on a copy: items['x'].copy().\n" in result.stdout


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ({"outside": "True"}, "(it reaches outside)"),
        (
            {"run": "context.volume.path(items['x'][0])", "inputs": '{"x": ("text",)}'},
            "(run refused InvalidInput (There is no file of this name in the request's volume))",
        ),
    ],
)
def test_what_needs_real_inputs_is_said_plainly(minerva, step, parts, why):
    step(**parts)

    result = minerva("test", "doubled")

    assert result.exit_code == 0, result.output
    *_, told, last = result.stdout.splitlines()
    real = "needs real inputs: test it with minerva.testing.StepContract"
    assert told == f"  - makes what it says: {real} {why}"
    assert last == "4 passed, 1 left out."


def test_a_plugin_may_bring_both(minerva, plugin, step, workspace):
    step()
    plugin()
    both = (workspace / "plugins" / "flat.py").read_text()
    (workspace / "plugins" / "doubled.py").write_text(
        (workspace / "plugins" / "doubled.py").read_text() + both
    )

    result = minerva("test", "doubled", "--output", "number")

    assert result.exit_code == 0, result.output
    assert "flat:\n" in result.stdout
    assert "handle: doubled:\n" in result.stdout
    assert result.stdout.splitlines()[-1] == "29 passed (with an output of type number)."


def test_a_plugin_that_brings_neither_is_told_how(minerva, workspace):
    (workspace / "plugins" / "nothing.py").write_text("nothing = 1\n")

    result = minerva("test", "plugins/nothing.py")

    assert result.exit_code == 1
    assert "has no function minerva_algorithms and no function minerva_steps" in result.stdout
    assert "def minerva_algorithms(): return [MyAlgorithm()]" in result.stdout


def test_a_step_is_named_as_flows_name_it(minerva, workspace):
    fine, misspelt = minerva("test", "handle: clean"), minerva("test", "handle:cleen")

    assert (fine.exit_code, fine.stdout.splitlines()[-1]) == (0, "15 passed.")
    assert misspelt.exit_code == 2
    assert "There is no step 'handle: cleen'; did you mean 'handle: clean'?" in misspelt.stderr


FLOW = """
service: decide
algorithm: flow
schema:
  inputs: {tenure: {type: number}}
  output: {reached: {type: boolean}}
parameters:
  steps:
    long: {post: threshold, inputs: {value: tenure}, parameters: {at_least: 12}}
"""


def test_a_flow_lends_its_steps_their_parameters(minerva, workspace):
    (workspace / "flows").mkdir(exist_ok=True)
    (workspace / "flows" / "decide.yaml").write_text(FLOW)

    bare = minerva("test", "post: threshold")
    lent = minerva("test", "post: threshold", "--service", "decide")

    assert (
        "needs parameters: name a flow that uses it (minerva test: --service FLOW)" in bare.stdout
    )
    assert (lent.exit_code, lent.stdout.splitlines()[-1]) == (0, "15 passed.")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"inputs": '{"x": "number"}'}, "An input may have a type that there is not: 'n'."),
        ({"inputs": '{"x": ()}'}, "An input may have a type that there is not: none."),
        ({"outside": "False; del role"}, "Doubled has no role or no shape that there is."),
    ],
)
def test_what_a_step_declares_wrongly_is_told_before_anything_is_tried(minerva, step, wrong, told):
    step(**wrong)

    result = minerva("test", "doubled")

    assert result.exit_code == 1
    assert f"      {told}\n" in result.stdout
    assert result.stdout.splitlines()[-1] == "1 failed."
