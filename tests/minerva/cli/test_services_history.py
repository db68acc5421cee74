"""`minerva services history`, `rollback` and `show`, and tenants, with a sidecar as users have it."""

import json

import pytest
from waiting import wait_until

SERVICE = """
service: answer
algorithm: constant
parameters: {output: {price: 1.0}}
schema:
  inputs: {size: {type: number}}
  output: {price: {type: number}}
"""


@pytest.fixture(scope="module")
def workspace(house):
    """The workspace of a running sidecar, with a service that was changed once, for a reason."""
    path = house.workspace / "services" / "answer.yaml"
    path.write_text(SERVICE)
    return house.workspace


@pytest.fixture
def ask(minerva, workspace):
    """Run a command against the sidecar."""

    def asked(*arguments):
        return minerva("--workspace", workspace, *arguments)

    return asked


@pytest.fixture
def price(ask):
    """A function that returns what the service answers."""

    def answered():
        result = ask("predict", "answer", "--set", "size=1", "--json")
        return (
            json.loads(result.stdout)["predictions"][0]["price"] if not result.exit_code else None
        )

    return answered


@pytest.fixture
def revisions(ask):
    """A function that returns the revisions, newest first."""

    def listed():
        result = ask("services", "history", "answer", "--json")
        return [] if result.exit_code else json.loads(result.stdout)["revisions"]

    return listed


def test_a_change_has_a_history_and_a_way_back(ask, price, revisions, workspace):
    wait_until(lambda: price() == 1.0)
    path = workspace / "services" / "answer.yaml"
    path.write_text(SERVICE.replace("1.0", "2.0") + "reason: prices went up\n")
    wait_until(lambda: price() == 2.0)

    back = ask("services", "rollback", "answer", "--to", "1", "--reason", "they went down again")
    wait_until(lambda: price() == 1.0)

    assert back.exit_code == 0, back.output
    assert "answer is declared as at revision 1, by revision 3." in back.stdout
    assert "Its file says otherwise, and counts again as soon as it changes." in back.stderr
    newest, changed, first = revisions()
    assert [newest["reason"], changed["reason"], first["reason"]] == [
        "they went down again", "prices went up", "",
    ]  # fmt: skip
    assert changed["author"] == path.owner()
    shown = ask("services", "history", "answer").stdout
    assert "parameters.output.price: 1.0 → 2.0" in shown
    assert "price: 2.0" in ask("services", "history", "answer", "2").stdout
    described = ask("services", "show", "answer")
    assert "they went down again" in described.stdout
    assert "minerva services history answer" in described.stderr


def test_what_cannot_be_restored_is_told(ask, price):
    wait_until(lambda: price() is not None)

    result = ask("services", "rollback", "answer", "--to", "99", "--reason", "why not")

    assert result.exit_code == 1
    assert "Service 'answer' has no revision 99." in result.stderr
    assert ask("services", "rollback", "answer", "--to", "1").exit_code == 2
    assert "Did you mean 'answer'?" in ask("services", "history", "answr").stderr


def test_a_tenant_is_answered_by_the_same_model_under_its_own_name(ask, minerva, workspace, price):
    path = workspace / "services" / "answer.yaml"
    path.write_text(SERVICE + "tenants: {acme: {serving: {deadline_ms: 900}}}\n")
    made = json.loads(
        ask("keys", "create", "caller", "--scope", "predict", "--tenant", "acme", "--json").stdout
    )
    key = workspace / "acme.key"
    key.write_text(made["key"])

    def theirs():
        result = minerva(
            "--workspace", workspace, "--key-file", key, "services", "show", "answer", "--json"
        )
        shown = json.loads(result.stdout) if result.exit_code == 0 else {}
        return shown if shown.get("version") else None

    shown = wait_until(theirs)  # once: another web worker may not know it yet

    assert shown["serving"]["deadline_ms"] == 900
    assert price() == 1.0
