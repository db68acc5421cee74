"""Several real processes on one database."""

import subprocess
import sys
import textwrap

from minerva.layers.abstraction.jobs.job import JobState
from minerva.testing.job_stores import a_job
from minerva.testing.registry_stores import NOW

WORKER = """
    import sys
    from dataclasses import replace
    from datetime import timedelta
    from minerva.adapters.metadata import open_metadata
    from minerva.testing.job_stores import NOW, a_job, a_lease
    from minerva.testing.registry_stores import a_version

    url, name = sys.argv[1:]
    stores = open_metadata(url, 30)
    print("ready", flush=True)
    sys.stdin.readline()  # all begin together
    for number in range(10):
        job_id = f"j{number}"
        if stores.leases.claim(job_id, a_lease(name), NOW) is not None:
            version = stores.versions.register(replace(a_version(f"{name} {number}"), job_id=job_id))
            print(job_id, version.number, flush=True)
    print(stores.jobs.submit(a_job(f"from {name}", key="once"))[0].id, flush=True)
"""


def test_each_job_is_claimed_by_one_of_four_processes(stores, metadata_url):
    for number in range(10):
        stores.jobs.submit(a_job(f"j{number}"))
    script = textwrap.dedent(WORKER)
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", script, metadata_url, f"w{number}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    ready = [worker.stdout.readline() for worker in workers]

    for worker in workers:
        worker.stdin.write("go\n")
        worker.stdin.flush()
    told = [worker.communicate(timeout=90)[0].splitlines() for worker in workers]

    claimed = [line.split() for lines in told for line in lines[:-1]]
    assert ready == ["ready\n"] * 4
    assert sorted(job_id for job_id, _ in claimed) == [f"j{number}" for number in range(10)]
    assert sorted(int(number) for _, number in claimed) == list(range(1, 11))
    assert len({lines[-1] for lines in told}) == 1  # one idempotency key, one job
    assert len(stores.jobs.list("acme", state=JobState.RUNNING)) == 10
    assert stores.leases.recover(NOW) == []
