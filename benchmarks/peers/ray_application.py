"""Ray Serve: two replicas of a deployment, no access log and no dashboard.

Run: python ray_application.py PORT
"""

from __future__ import annotations

import os
import sys

import numpy as np
import ray
import xgboost
from ray import serve
from starlette.requests import Request


@serve.deployment(
    num_replicas=2,
    max_ongoing_requests=100,
    ray_actor_options={"num_cpus": 0.5},
    logging_config={"enable_access_log": False, "log_level": "WARNING"},
)
class Risk:
    """The model behind Ray Serve."""

    def __init__(self) -> None:
        """Load the model; once in each replica."""
        self.booster = xgboost.Booster(model_file=os.environ["MODEL"])

    async def __call__(self, request: Request) -> dict[str, list[float]]:
        """Check shape and type of the rows; return the chance of `yes` for each."""
        rows = np.asarray((await request.json())["rows"], dtype="f4")
        if rows.ndim != 2 or rows.shape[1] != 30:  # noqa: PLR2004 - the fields
            raise ValueError("rows must have 30 numbers each")
        return {"chances": self.booster.inplace_predict(rows).tolist()}


if __name__ == "__main__":
    ray.init(num_cpus=2, include_dashboard=False)
    serve.start(http_options={"host": "127.0.0.1", "port": int(sys.argv[1])})
    serve.run(Risk.bind(), blocking=True)
