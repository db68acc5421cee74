"""Other people's clients, unmodified, ask a sidecar as they ask the servers that they were made for."""

import json
from pathlib import Path

import pytest

from minerva import __version__

HERE = Path(__file__).parent
CHANCES = [[0.75, 0.25], [0.75, 0.25]]

pytestmark = pytest.mark.needs("clients")


def test_tritons_client_asks_in_every_form_that_it_has(run, sidecar):
    told = json.loads(run("python", HERE / "triton_client.py", sidecar.address, sidecar.key))

    answer = {"id": "r", "version": "1", "churn": ["No", "No"], "probabilities": CHANCES}
    sync = told["sync"]
    assert sync.pop("same") == [answer] * 6
    assert "/inputs/contract: is missing" in sync.pop("wrong")
    by_parameter, by_name = sync.pop("unsure")
    assert "/parameters/confidence: too few rows" in by_parameter
    assert "/outputs/0/name: too few rows" in by_name
    assert "a champion stays" in sync.pop("unload")
    assert sync == {
        "live": True,
        "ready": True,
        "model_ready": True,
        "version_ready": True,
        "other_ready": False,
        "without_key": False,
        "server": "minerva",
        "inputs": ["customer_id", "tenure", "contract", "monthly_charges", "since"],
        "index": [{"name": "churn", "version": "1", "state": "READY", "reason": ""}],
        "stats": "churn",
    }
    assert told["async"] == {"live": True, "same": [answer] * 2}


def test_kserves_client_asks_in_json_and_in_binary(run, sidecar):
    address = f"http://{sidecar.address}"

    told = json.loads(run("python", HERE / "kserve_client.py", address, sidecar.key))

    assert told.pop("same") == [["r", ["No", "No"], CHANCES]] * 2
    assert "/inputs: is empty; send at least one tensor" in told.pop("wrong")
    assert told == {"live": True, "ready": True, "model_ready": True, "other_ready": False}


def test_mlflows_scoring_client_sends_a_data_frame_or_rows(run, open_sidecar):
    said = run("python", HERE / "mlflow_client.py", "127.0.0.1", open_sidecar.port)
    told = json.loads(said.splitlines()[-1])

    assert "contract: is missing" in told.pop("wrong")
    assert "/params/confidence: too few rows" in told.pop("unsure")
    assert told == {
        "version": __version__,
        "columns": ["churn", "churn_probabilities", "customer_id"],
        "churn": ["No", "No"],
        "same": True,
    }


@pytest.mark.parametrize("binary", [(), ("-b",)])
def test_mlservers_batches_are_answered_line_by_line(run, sidecar, tmp_path, binary):
    tensors = [
        {"name": "tenure", "datatype": "INT64", "shape": [1], "data": [3]},
        {"name": "contract", "datatype": "BYTES", "shape": [1], "data": ["One year"]},
    ]
    lines = [json.dumps({"id": f"r-{n}", "inputs": tensors}) for n in range(5)]
    (tmp_path / "in.jsonl").write_text("\n".join(lines) + "\n")
    files = ("-i", tmp_path / "in.jsonl", "-o", tmp_path / "out.jsonl")
    header = ("-H", f"X-API-Key: {sidecar.key}")

    run(
        "mlserver", "infer", "-u", sidecar.address, "-m", "churn", "-s", 2, *header, *files, *binary
    )

    told = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert sorted(line["id"] for line in told) == [f"r-{n}" for n in range(5)]
    for line in told:
        outputs = {output["name"]: output["data"] for output in line["outputs"]}
        assert outputs["churn"] == ["No"]
        assert outputs["churn_probabilities"] == CHANCES[0]
