"""What each process loads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

SERVE_AND_LIST = """
import json, sys
from minerva.wsgi import create_application
client = create_application().test_client()
answer = client.post("/v1/services/churn/predict", json={"records": [{"tenure": 3, "plan": "basic"}]})
print(json.dumps([answer.status_code, answer.json, sorted(sys.modules)]))
"""

TRAIN = """
import os
from minerva import bootstrap, settings
loaded = settings.load(bootstrap.workspace_from(os.environ), os.environ)
with bootstrap.open_job(loaded) as house:
    house.workspace_services.apply()
    assert house.workspace_services.faults == (), house.workspace_services.faults
    configuration = house.registry.configuration("default", "churn")
    house.versioning.make(configuration, job_id=None, author="test", progress=lambda *_: None)
"""

SERVICE = """
service: churn
algorithm: xgboost.classifier
parameters: {n_estimators: 5}
schema:
  inputs:
    tenure: {type: integer, nullable: true}
    plan: {type: category, values: [basic, gold]}
  output:
    churn: {type: category, values: ["No", "Yes"]}
data: {source: csv, path: churn.csv}
"""


def test_a_web_process_that_serves_trees_loads_neither_pandas_nor_scikit_learn_nor_xgboost(
    tmp_path: Path,
) -> None:
    (tmp_path / "services").mkdir()
    (tmp_path / "services" / "churn.yaml").write_text(SERVICE)
    rows = (
        f"{n % 50},{'gold' if n % 3 else 'basic'},{'Yes' if n % 50 < 10 else 'No'}\n"
        for n in range(400)
    )
    (tmp_path / "churn.csv").write_text("tenure,plan,churn\n" + "".join(rows))
    environment = {
        **os.environ, "MINERVA_WORKSPACE": str(tmp_path), "MINERVA_AUTH": "none", "MINERVA_LOG_FOLDER": ""
    }  # fmt: skip
    subprocess.run([sys.executable, "-c", TRAIN], env=environment, check=True, capture_output=True)

    served = subprocess.run(
        [sys.executable, "-c", SERVE_AND_LIST],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )

    status, answer, modules = json.loads(served.stdout.splitlines()[-1])
    assert (status, answer["version"], answer["degraded"]) == (200, "1", False)
    assert "onnxruntime" in modules  # the twin of the trees, which needs no XGBoost
    assert not {"pandas", "sklearn", "scipy", "xgboost"} & set(modules)


def _row(number: int) -> str:
    plan = "gold" if number % 3 else "basic"
    return f"{number % 50},{plan},{'Yes' if number % 50 < 10 else 'No'}\n"
