"""How predictions turned out is told from a file or one by one, and shown as live metrics."""

import json

import pytest

from minerva.cli.performance import duration

SERVICE = """
service: risk
algorithm: rules
parameters: {rules: [{when: "amount > 10", then: {risk: high}}], otherwise: {risk: low}}
schema:
  key: order_id
  inputs: {amount: {type: number}}
  output: {risk: {type: category, values: [low, high]}}
"""


@pytest.fixture
def ask(minerva, serving):
    """Run a command beside a sidecar that answers in this process; return its result."""
    with serving(risk=SERVICE):
        yield minerva


@pytest.fixture
def predicted(ask, tmp_path):
    """Forty orders, of which the expensive ones are said to be a risk."""
    orders = tmp_path / "orders.csv"
    orders.write_text("order_id,amount\n" + "".join(f"o-{n},{n}\n" for n in range(40)))
    assert ask("predict", "risk", orders, "--request-id", "r-1").exit_code == 0
    return orders


def outcomes(tmp_path, *lines, header="order_id,risk"):
    """Write a file of truths."""
    file = tmp_path / "outcomes.csv"
    file.write_text("\n".join([header, *lines]) + "\n")
    return file


def test_a_file_of_truths_is_joined_and_changes_nothing_twice(ask, predicted, tmp_path):
    file = outcomes(tmp_path, *(f"o-{n},{'high' if n > 20 else 'low'}" for n in range(40)))

    first, second = ask("feedback", "risk", file), ask("feedback", "risk", file)

    assert first.stdout.strip() == "40 told: 40 joined to predictions of risk."
    assert second.stdout.strip() == "40 told: 0 joined to predictions of risk, 40 known already."
    shown = ask("performance", "risk")
    assert "version 1 (champion)" in shown.stdout
    assert "40 truths" in shown.stdout
    assert "roc_auc            0.7619" in shown.stdout
    assert "truths came" in shown.stdout


def test_rows_of_a_request_are_told_by_their_usual_names(ask, predicted, tmp_path):
    file = outcomes(tmp_path, "r-1,0,low", "r-1,39,high", header="request_id,row,truth")

    told = json.loads(ask("--json", "feedback", "risk", file).stdout)["feedback"]

    assert (told["joined"], told["unmatched"]) == (2, [])


def test_a_single_truth_is_told_by_options(ask, predicted):
    told = ask("feedback", "risk", "--key", "o-3", "--truth", "high")
    again = ask("feedback", "risk", "--request-id", "r-1", "--row", "3", "--truth", "low")

    assert told.stdout.strip() == "1 told: 1 joined to predictions of risk."
    assert again.stdout.strip() == "1 told: 1 joined to predictions of risk (1 of them changed)."


def test_what_was_not_predicted_is_named_with_its_place(ask, predicted, tmp_path):
    result = ask("feedback", "risk", outcomes(tmp_path, "o-1,low", "o-99,low"))

    assert result.exit_code == 0
    assert "2 told: 1 joined" in result.stdout
    assert "outcomes.csv, record 2: key o-99: no prediction is recorded for it" in result.stderr


def test_a_truth_that_is_none_is_named_with_its_place(ask, predicted, tmp_path):
    result = ask("feedback", "risk", outcomes(tmp_path, "o-1,low", "o-2,middling"))

    assert result.exit_code == 2
    assert "outcomes.csv, record 2 truth: is not one of 'low', 'high'" in result.output


@pytest.mark.parametrize(
    ("words", "says"),
    [((), "FILE (or -), or by --truth"), (("a.csv", "--truth", "low"), "FILE (or -), or by --truth"),
     (("--truth", "low"), "--request-id (and --row), or --key"),
     (("a.csv", "--key", "o-1"), "FILE (or -), or by --truth")],
)  # fmt: skip
def test_misuse_is_explained(minerva, words, says):
    result = minerva("feedback", "risk", *words)

    assert result.exit_code == 2
    assert says in " ".join(result.output.split())


def test_without_truths_it_is_said_how_to_tell_them(ask, predicted):
    result = ask("performance", "risk", "--days", "1", "--window", "hour")

    assert "40 recorded answers" in result.stdout
    assert "Too few truths to judge: 0" in result.stdout
    assert "minerva feedback risk" in result.stderr


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (1.5, "1.5 s"),
        (119, "119 s"),
        (600, "10 minutes"),
        (7200, "2 hours"),
        (4 * 86_400, "4 days"),
    ],
)
def test_times_are_said_as_people_do(seconds, said):
    assert duration(seconds) == said
