"""`minerva algorithms` and `minerva openapi` from the workspace alone."""

import json

import pytest

SERVICE = """
service: rate
algorithm: constant
schema: {inputs: {x: {type: number}}, output: {y: {type: number}}}
parameters: {y: 1}
"""


@pytest.fixture
def workspace(minerva, tmp_path):
    minerva("init")
    (tmp_path / "services" / "rate.yaml").write_text(SERVICE)
    return tmp_path


def test_lists_the_algorithms_with_where_they_come_from(minerva):
    shown = minerva("algorithms").stdout

    assert "xgboost.classifier" in shown
    assert "constant" in shown


def test_explains_the_parameters_of_one(minerva):
    shown = minerva("algorithms", "xgboost.classifier").stdout

    assert "xgboost.classifier (classification): " in shown
    assert "n_estimators" in shown
    assert "Deepest tree" in shown
    assert "1…100,000" in shown
    assert "more than 0…1" in shown
    assert "0.01…0.3 (log)" in shown
    assert "on real data: examples/catalogue/services/tumours-xgboost.yaml" in shown
    assert minerva("algorithms", "show", "xgboost.classifier").stdout == shown


def test_lists_what_solves_one_kind_of_problem(minerva):
    told = json.loads(minerva("algorithms", "list", "--problem", "regression", "--json").stdout)

    names = {one["name"] for one in told["algorithms"]}
    assert {"linear.regressor", "xgboost.regressor"} <= names
    assert {one["problem"] for one in told["algorithms"]} == {"regression"}


def test_a_kind_of_problem_that_nobody_solves_is_answered_with_those_there_are(minerva):
    result = minerva("algorithms", "list", "--problem", "regresion")

    assert result.exit_code == 2
    assert "No algorithm solves 'regresion'; there are: " in result.stderr
    assert " classification, " in result.stderr
    assert " regression" in result.stderr


def test_tells_machines_parameters_and_defaults(minerva):
    told = json.loads(minerva("algorithms", "xgboost.classifier", "--json").stdout)

    by_name = {one["name"]: one for one in told["algorithms"][0]["parameters"]}
    assert by_name["max_depth"]["default"] == 4
    assert by_name["max_depth"]["type"] == "integer"
    assert told["algorithms"][0]["search_space"]["max_depth"] == {"low": 2, "high": 10}


def test_an_unknown_algorithm_is_answered_with_what_is_meant(minerva):
    result = minerva("algorithms", "xgboost.clasifier")

    assert result.exit_code == 2
    assert "did you mean 'xgboost.classifier'?" in result.stderr


def test_a_broken_plugin_is_named_and_harms_only_itself(minerva, workspace):
    (workspace / "plugins" / "broken.py").write_text("1 / 0")

    result = minerva("algorithms")

    assert "plugins/broken.py: ZeroDivisionError" in result.stderr
    assert "constant" in result.stdout


def test_makes_the_openapi_document_without_a_sidecar(minerva, workspace, free_port, monkeypatch):
    monkeypatch.setenv("MINERVA_PORT", str(free_port()))

    result = minerva("openapi")

    assert "/v1/services/rate/predict" in json.loads(result.stdout)["paths"]
    assert "made from the workspace's files" in result.stderr


def test_a_broken_service_file_is_named_beside_the_document(minerva, workspace):
    (workspace / "services" / "bad.yaml").write_text("service: [")

    result = minerva("openapi", "--offline")

    assert "✗ bad.yaml:1" in result.stderr
    assert json.loads(result.stdout)["openapi"].startswith("3.1")


def test_a_sidecar_that_was_named_is_not_made_up_for(minerva, workspace, free_port):
    result = minerva("openapi", "--url", f"http://127.0.0.1:{free_port()}")

    assert result.exit_code == 1
    assert result.stdout == ""


def test_tells_in_what_two_services_differ(minerva, workspace):
    (workspace / "services" / "fast.yaml").write_text(
        "service: fast\nextends: rate\nparameters: {y: 2}\nserving: {deadline_ms: 50}\n"
    )

    shown = minerva("services", "diff", "rate", "fast").stdout
    told = json.loads(minerva("services", "diff", "rate", "fast", "--json").stdout)

    assert shown.split("parameters.y")[1].split()[:2] == ["1", "2"]
    assert told["differences"] == [
        {"member": "service", "rate": "rate", "fast": "fast"},
        {"member": "parameters.y", "rate": 1, "fast": 2},
        {"member": "serving.deadline_ms", "rate": "—", "fast": 50},
    ]
    assert "rate and rate say the same." in minerva("services", "diff", "rate", "rate").stdout


def test_a_service_that_is_not_there_is_not_compared(minerva, workspace):
    result = minerva("services", "diff", "rate", "fas")

    assert result.exit_code == 2
    assert "There is no services/fas.yaml; there are: rate." in result.stderr
