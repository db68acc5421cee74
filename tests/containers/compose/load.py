"""Run in a container: asks for predictions as a backend does, in threads, until told to stop; prints what became of that."""

import json
import signal
import sys
import threading
import time
from pathlib import Path

from minerva.client import ONE_TRY, Client
from minerva.errors import MinervaError

RECORD = json.loads(sys.argv[1])
THREADS = int(sys.argv[2])
KEY = Path("/run/minerva/admin.key").read_text(encoding="ascii").strip()
stop = threading.Event()
answered = [0] * THREADS
failed = []


def ask(number):
    """Each thread is a caller of its own, with a connection of its own, and never asks twice."""
    with Client("http://sidecar:8080", KEY, 30, ONE_TRY) as client:
        while not stop.is_set():
            try:
                answer = client.predict("churn", records=[RECORD])
            except MinervaError as error:
                failed.append([time.time(), number, str(error)])
            else:
                if answer["degraded"]:
                    failed.append([time.time(), number, "degraded"])
                else:
                    answered[number] += 1
            stop.wait(0.1)


signal.signal(signal.SIGTERM, lambda *_: stop.set())
threads = [threading.Thread(target=ask, args=(number,)) for number in range(THREADS)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
sys.stdout.write(json.dumps({"answered": sum(answered), "failed": failed}) + "\n")
