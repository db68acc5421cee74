"""LitServe: two inference workers and two processes that speak HTTP, no access log.

Run: python litserve_server.py PORT
"""

from __future__ import annotations

import os
import sys

import litserve
import numpy as np
import xgboost


class Risk(litserve.LitAPI):
    """The model behind LitServe's own steps of a request."""

    def setup(self, device: str) -> None:
        """Load the model; once in each inference worker."""
        del device
        self.booster = xgboost.Booster(model_file=os.environ["MODEL"])

    def decode_request(self, request: dict[str, list[list[float]]]) -> np.ndarray:
        """Read the rows and check their shape and type."""
        rows = np.asarray(request["rows"], dtype="f4")
        if rows.ndim != 2 or rows.shape[1] != 30:  # noqa: PLR2004 - the fields
            raise ValueError("rows must have 30 numbers each")
        return rows

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Return the chance of `yes` for each row."""
        answered: np.ndarray = self.booster.inplace_predict(x)
        return answered

    def encode_response(self, output: np.ndarray) -> dict[str, list[float]]:
        """Return what becomes the answer's JSON."""
        return {"chances": output.tolist()}


if __name__ == "__main__":
    server = litserve.LitServer(Risk(), accelerator="cpu", devices=1, workers_per_device=2)
    server.run(
        host="127.0.0.1",
        port=int(sys.argv[1]),
        num_api_servers=2,
        log_level="warning",
        access_log=False,
        generate_client_file=False,
    )
