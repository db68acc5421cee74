"""The contract from outside: crashes and endless loops are verdicts, and the rest is checked all the same."""

import pytest

from minerva.errors import InvalidConfiguration
from minerva.testing.algorithm.case import Limits
from minerva.testing.algorithm.run import Examination
from minerva.testing.algorithm.session import Session
from minerva.testing.verdict import Broken

BEGINNING = """
import os, signal, time
import numpy as np
from minerva import Algorithm, InvalidConfiguration, hookimpl
{top}

class Model:
    def __init__(self, output):
        self.output = output

    def predict(self, batch):
        {predict}
        return {{self.output: np.ones(len(batch))}}

    def save(self, folder):
        (folder / "model.txt").write_text(self.output)

class Plain(Algorithm):
    name = "plain"
    {attributes}

    def train(self, data, context):
        {train}
        return Model(context.schema.target()[0])

    def load(self, folder, context):
        return Model((folder / "model.txt").read_text())

@hookimpl
def minerva_algorithms():
    return [Plain()]
"""


@pytest.fixture
def examine(tmp_path):
    """A function (code at each step) that returns the verdicts by check, and the examination."""

    def run(*, timeout_s=60.0, output="number", only=None, **steps):
        parts = {"top": "", "predict": "", "train": "", "attributes": "", **steps}
        plugin = tmp_path / "plain.py"
        plugin.write_text(BEGINNING.format(**parts))
        every = ("answers", "seed", "saving", "rows", "empty", "untouched", "missing", "unseen",
                 "threads", "network", "memory", "files", "output", "parameters")  # fmt: skip
        done = tuple(("plain", name) for name in every if only is not None and name not in only)
        session = Session(
            kind="plugin",
            where=str(plugin),
            output=output,
            workspace=str(tmp_path),
            limits=Limits(timeout_s=timeout_s),
            done=done,
        )
        examination = Examination(session, tmp_path / "log", tmp_path / "environments")
        examination.finished.extend(done)
        return {verdict.check: verdict for verdict in examination}, examination

    return run


def test_every_check_has_a_verdict(examine):
    verdicts, examination = examine()

    assert {verdict.state for verdict in verdicts.values()} == {"passed"}
    assert len(verdicts) == 14
    assert examination.found == ["plain"]
    assert examination.outputs == {"plain": "number"}


def test_a_crash_is_one_verdict_and_the_others_go_on(examine):
    verdicts, _ = examine(
        only={"answers", "rows", "empty", "untouched"},
        predict="if len(batch) == 0: os.kill(os.getpid(), signal.SIGSEGV)",
    )

    assert {name: one.state for name, one in verdicts.items()} == {
        "answers": "passed", "rows": "passed", "empty": "failed", "untouched": "passed",
    }  # fmt: skip
    assert verdicts["empty"].what == "Its process was ended by SIGSEGV."
    assert "native code" in verdicts["empty"].mend


def test_an_exit_is_told_with_the_last_words(examine):
    verdicts, _ = examine(train="print('farewell', flush=True); os._exit(7)")

    assert verdicts["answers"].what == "Its process ended with exit code 7, saying 'farewell'."


def test_an_endless_loop_is_ended(examine):
    verdicts, _ = examine(
        timeout_s=15,
        only={"answers", "empty", "untouched"},
        predict="while len(batch) == 0: time.sleep(600)",
    )

    assert {name: one.state for name, one in verdicts.items()} == {
        "answers": "passed", "empty": "failed", "untouched": "passed",
    }  # fmt: skip
    assert verdicts["empty"].what == "It was not done within 15 s."
    assert "--timeout" in verdicts["empty"].mend


def test_nothing_more_is_looked_at_where_no_answer_comes(examine):
    verdicts, _ = examine(train="raise KeyError(1)")

    assert list(verdicts) == ["answers"]
    assert verdicts["answers"].state == "failed"


def test_the_kind_of_output_is_found_out(examine):
    verdicts, examination = examine(
        output=None,
        only={"answers"},
        train=(
            "kind = context.schema.target()[1].type.value\n"
            "        if kind == 'category': raise InvalidConfiguration('Numbers only.')\n"
            "        if kind == 'number': raise KeyError('x')"
        ),
    )

    assert examination.outputs == {"plain": "boolean"}
    assert verdicts["answers"].state == "passed"
    (advice,) = verdicts["answers"].advice
    assert advice.startswith("With an output of type number: train raised KeyError")


def test_an_algorithm_that_refuses_every_output_is_told_about_services(examine):
    verdicts, _ = examine(output=None, train="raise InvalidConfiguration('Name a path.')")

    assert "refused every kind of output, at last with InvalidConfiguration (Name a path)" in (
        verdicts["answers"].what
    )
    assert "--service" in verdicts["answers"].mend


def test_a_plugin_that_works_for_no_output_is_told_of_the_first(examine):
    verdicts, _ = examine(output=None, train="raise KeyError(1)")

    assert verdicts["answers"].what.startswith("With an output of type category: train raised Key")


def test_a_crash_at_import_is_no_verdict_but_the_end(examine):
    with pytest.raises(Broken, match="While the plugin was being imported: Its process ended with"):
        examine(top="os._exit(1)")


def test_a_plugin_that_cannot_be_imported_says_where(examine):
    with pytest.raises(Broken, match=r"Importing plain.py, line 5 raised ZeroDivisionError"):
        examine(top="1 / 0")


def test_an_installed_algorithm_is_found_by_name(tmp_path):
    session = Session(kind="installed", where=str(tmp_path), name="nope", workspace=str(tmp_path))

    with pytest.raises(InvalidConfiguration, match="There is no algorithm 'nope'"):
        list(Examination(session, tmp_path / "log", tmp_path / "environments"))
