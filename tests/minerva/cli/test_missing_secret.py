"""A secret that a service's data names and that the environment lacks."""

import json
import os
import subprocess
import sys

from waiting import wait_until

SERVICE = """
service: churn
algorithm: constant
parameters: {{output: {{y: "No"}}}}
schema: {{key: id, inputs: {{x: {{type: number}}}}, output: {{y: {{type: category, values: ["No", "Yes"]}}}}}}
data: {{source: sql, url: "{url}", query: "select * from t"}}
"""


def test_a_worker_tells_at_its_start_which_variable_a_service_lacks(tmp_path):
    (tmp_path / "services").mkdir()
    (tmp_path / "minerva.toml").write_text("")
    url = "postgresql://${LEGACY_USER}:${LEGACY_PASSWORD}@db/shop"
    (tmp_path / "services" / "churn.yaml").write_text(SERVICE.format(url=url))
    log = tmp_path / ".minerva" / "logs" / "worker.jsonl"
    environment = os.environ | {"MINERVA_WORKSPACE": str(tmp_path), "LEGACY_USER": "ann"}

    def told():
        lines = map(json.loads, log.read_text().splitlines()) if log.exists() else ()
        return [one for one in lines if one["event"] == "service.variable_unset"]

    worker = subprocess.Popen([sys.executable, "-m", "minerva.cli", "worker"], env=environment)
    try:
        wait_until(told, 240)
    finally:
        worker.terminate()
        worker.wait(60)

    assert [(one["service"], one["variable"]) for one in told()] == [("churn", "LEGACY_PASSWORD")]
    assert "ann" not in log.read_text()


def test_a_password_that_is_missing_is_told_by_doctor(minerva, tmp_path):
    minerva("init")
    (tmp_path / "services" / "churn.yaml").write_text(SERVICE.format(url="${LEGACY_DB_URL}"))

    assert "environment variable LEGACY_DB_URL, which is not set" in minerva("doctor").stdout
