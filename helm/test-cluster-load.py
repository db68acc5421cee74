"""Asks for one prediction after the other, each over a new connection, and counts; fails if one failed."""

import json
import os
import sys
import threading
import time
import urllib.request
from pathlib import Path

STOP = Path(os.environ.get("FOLDER", "/tmp")) / "stop"  # noqa: S108 - a pod's own folder
PATIENCE_S = 180
"""How long the first training may take, from the call to the job's end."""
THREADS = 4
PRICE = 3.0
"""What the service `price` of ci/bundled-values.yaml answers."""


def call(path: str, body: object = None) -> dict:
    """Ask, and return the answer. Raises OSError."""
    content = None if body is None else json.dumps(body).encode()
    key = Path(os.environ["KEY_FILE"]).read_text().strip()
    headers = {"X-API-Key": key, "Content-Type": "application/json"}
    request = urllib.request.Request(os.environ["URL"] + path, content, headers)  # noqa: S310 - our own Service
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
        return json.load(answer)


def predict() -> None:
    """Ask for one prediction. Raises OSError, or ValueError for another answer than is right."""
    answer = call("/v1/services/price/predict", {"records": [{"size": 1.0}]})
    if answer["predictions"][0]["price"] != PRICE or answer["degraded"]:
        raise ValueError(answer)


def train() -> None:
    """Have a version trained, which needs worker, broker, database and artefact store. Raises OSError."""
    deadline = time.monotonic() + PATIENCE_S
    job = call("/v1/services/price/train", {})["job"]
    while job["state"] in {"queued", "running"}:
        if time.monotonic() > deadline:
            raise TimeoutError(f"job {job['id']} is {job['state']} after {PATIENCE_S} s")
        time.sleep(1)
        job = call(f"/v1/jobs/{job['id']}")["job"]
    if job["state"] != "succeeded":
        raise OSError(job["error"])


def main() -> int:
    """Ask until the file STOP is there."""
    if sys.argv[1:] == ["stop"]:
        STOP.touch()
        return 0
    train()
    predict()
    STOP.with_name("ready").touch()
    answered, failed = [0] * THREADS, []

    def ask(number: int) -> None:
        while not STOP.exists():
            try:
                predict()
                answered[number] += 1
            except (OSError, ValueError) as error:
                failed.append(repr(error))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps({"answered": sum(answered), "failed": len(failed), "first": failed[:3]}))
    return 1 if failed or not sum(answered) else 0


if __name__ == "__main__":
    sys.exit(main())
