"""A steady load of single predictions, from a process of its own.

Run by the benchmarks: python benchmarks/load.py URL KEY SERVICE CONNECTIONS PER_SECOND < record.json
Ends with its standard input; then prints {"seconds": [...], "at": [...], "failed": n} as JSON.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
from urllib.parse import urlsplit


class Caller(threading.Thread):
    """One connection that asks at fixed times, whether or not the answer before came late."""

    def __init__(self, url: str, key: str, service: str, body: bytes, every_s: float) -> None:
        super().__init__(daemon=True)
        parts = urlsplit(url)
        self.connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        self.path = f"/v1/services/{service}/predict"
        self.headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self.body = body
        self.every_s = every_s
        self.over = threading.Event()
        self.seconds: list[float] = []
        self.at: list[float] = []
        self.failed = 0

    def run(self) -> None:
        """Ask until it is over; time counts from when a question was due."""
        due = time.monotonic()
        while not self.over.wait(max(0.0, due - time.monotonic())):
            self._ask()
            self.seconds.append(time.monotonic() - due)
            self.at.append(time.time())
            due += self.every_s

    def _ask(self) -> None:
        try:
            self.connection.request("POST", self.path, self.body, self.headers)
            answer = self.connection.getresponse()
            told = json.loads(answer.read())
            self.failed += answer.status != http.HTTPStatus.OK or told["degraded"]
        except (OSError, http.client.HTTPException):
            self.failed += 1
            self.connection.close()


def main() -> None:
    """Ask until standard input ends."""
    url, key, service, connections, per_second = sys.argv[1:]
    body = json.dumps({"records": [json.loads(sys.stdin.readline())]}).encode()
    every_s = int(connections) / float(per_second)
    callers = [Caller(url, key, service, body, every_s) for _ in range(int(connections))]
    for caller in callers:
        caller.start()
    sys.stdin.read()
    for caller in callers:
        caller.over.set()
    for caller in callers:
        caller.join()
    told = {
        "seconds": [one for caller in callers for one in caller.seconds],
        "at": [one for caller in callers for one in caller.at],
        "failed": sum(caller.failed for caller in callers),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
