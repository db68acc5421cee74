"""What the job mechanism itself costs: a job that does nothing, stage by stage, under `minerva up`.

First jobs that come now and then and find a spare process waiting, then one right after the other, each of
which meets a spare that is still being started.

Run: python benchmarks/job_overhead.py [JOBS]
"""

from __future__ import annotations

import statistics
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from sidecar import telecom, up, wait

from minerva.client import ONE_TRY, Client

PLUGIN = '''
from minerva import JobKind, hookimpl


class Nothing(JobKind):
    """Does nothing, and says when."""

    name = "nothing"
    queue = "quick"

    def run(self, context):
        import time

        return {"at": time.time()}


@hookimpl
def minerva_job_kinds():
    return [Nothing()]
'''
REST_S = 3.0
"""So long after a job another process is ready for the next one."""
STAGES = ("accepted", "claimed", "process at work", "ended", "whole")


def main(jobs: int) -> None:
    """Run jobs one after the other and print the medians of their stages."""
    with up(_prepare) as sidecar:
        sidecar.wait_until_ready()
        with Client(sidecar.url, sidecar.key, policy=ONE_TRY) as client:
            _one(client)  # the first one finds cold caches
            rested = [_one(client, REST_S) for _ in range(jobs)]
            hurried = [_one(client) for _ in range(jobs)]
    print(f"{jobs} jobs that do nothing, medians: now and then, one after the other")
    for position, stage in enumerate(STAGES):
        medians = [statistics.median(one[position] for one in some) for some in (rested, hurried)]
        print(f"  {stage:16} " + " ".join(f"{1000 * median:7.1f} ms" for median in medians))


def _prepare(workspace: Path) -> None:
    telecom(workspace)
    (workspace / "plugins" / "nothing.py").write_text(PLUGIN)


def _one(client: Client, rest_s: float = 0) -> tuple[float, ...]:
    time.sleep(rest_s)
    asked = time.time()
    job = client.start_job("churn", "nothing")
    accepted = time.time()
    wait(lambda: client.job(job["id"])["state"] == "succeeded", "the job")
    done = client.job(job["id"])
    claimed, worked = _moment(done["started_at"]), done["result"]["at"]
    ended = _moment(done["finished_at"])
    return (accepted - asked, claimed - accepted, worked - claimed, ended - worked, ended - asked)


def _moment(text: Any) -> float:
    return datetime.fromisoformat(text).timestamp()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 30)
