"""What a user of MLflow's scoring client does, unmodified; run with the interop environment's Python."""

import json
import sys

import pandas as pd
from mlflow.pyfunc.scoring_server.client import ScoringServerClient

HOST, PORT = sys.argv[1:]
FRAME = pd.DataFrame(
    {"tenure": [3, 70], "contract": ["One year", "Two year"], "monthly_charges": [20.5, None]}
)


def wrong(client, frame, **more):
    """Return what the client says where an invocation is refused."""
    try:
        client.invoke(frame, **more)
    except Exception as error:  # noqa: BLE001 - of what kind it is, is the client's matter
        return str(error)
    return None


client = ScoringServerClient(HOST, int(PORT))
client.wait_server_ready(timeout=60)
frame = client.invoke(FRAME).get_predictions()
rows = client.invoke(FRAME.assign(since=None).to_numpy().tolist()).get_predictions()
told = {
    "version": client.get_version(),
    "columns": sorted(frame.columns),
    "churn": frame["churn"].tolist(),
    "same": frame.equals(rows),
    "wrong": wrong(client, FRAME.drop(columns="contract")),
    "unsure": wrong(client, FRAME, params={"confidence": True}),
}
print(json.dumps(told))
