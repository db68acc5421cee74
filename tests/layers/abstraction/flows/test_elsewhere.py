"""Steps elsewhere: in another container over HTTP, and on workers through a queue."""

import threading
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import pytest
from answering import answering
from flow_house import RISK, flow
from werkzeug.serving import make_server

from minerva.bootstrap import open_job
from minerva.errors import (
    AlgorithmFailed,
    DeadlineExceeded,
    MinervaError,
    StepFailed,
    Unavailable,
)
from minerva.layers.abstraction.jobs.job import JobState
from minerva.layers.core.http.app import create_app
from minerva.settings import load
from minerva.wsgi import house_of

LEVEL = RISK["schema"]["output"]


def chain(where):
    """All shapes of steps, each of them there."""
    return {
        "rows": {"collect": "rows", "where": where},
        "risk": {
            "predict": "risk",
            "each": "rows",
            "inputs": {"value": "rows.value"},
            "where": where,
        },
        "twice": {
            "handle": "fragile",
            "each": "rows",
            "inputs": {"value": "rows.value"},
            "where": where,
        },
        "high": {"post": "total", "inputs": {"value": "risk.level.high"}, "where": where},
        "total": {"post": "total", "inputs": {"value": "twice.twice"}, "where": where},
    }


@contextmanager
def another(house):
    """Another container over the same workspace, asked over HTTP; give its address."""
    loaded = load(house.workspace, {"MINERVA_AUTH": "none"})
    application = create_app(house_of(house.container, loaded))
    server = make_server("127.0.0.1", 0, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def working(house):
    """A worker that does the flow's jobs, each in a process of its own, as they come."""
    stopping = threading.Event()
    container = house.container

    def work():
        while not stopping.wait(0.01):
            for job in container.jobs.list("default", state=JobState.QUEUED):
                container.runner.run(job.id)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def test_the_same_flow_answers_the_same_here_in_another_container_and_on_workers(house):
    house.declare(RISK)
    house.flow(chain("here"))
    here = house.predict({"count": 13}, {"count": 0}, {"count": 2})

    with ExitStack() as opened:
        address = opened.enter_context(another(house))
        there = flow(chain(address)) | {"service": "there"}
        there["parameters"]["answer"] = {"total": "total.total"}
        # the other container has the flow itself too: what it is asked for it does there
        there["parameters"]["steps"] = chain("here")
        assert house.declare(there) == []
        far = flow(chain(address))
        assert house.declare(far) == []
        assert house.predict({"count": 13}, {"count": 0}, {"count": 2}) == here
        told, error = house.traced({"count": 13})
        assert error is None
        assert {one["where"] for one in told["trace"]} == {address}


def test_a_worker_does_the_batches_of_a_step_as_jobs(house):
    steps = {
        "rows": {"collect": "rows"},
        "twice": {
            "handle": "fragile", "each": "rows", "inputs": {"value": "rows.value"},
            "where": "queue:quick", "batch": 4, "parallel": 4,
        },
        "total": {"post": "total", "inputs": {"value": "twice.twice"}},
    }  # fmt: skip
    house.flow(steps)

    with working(house):
        assert house.predict({"count": 10}) == [{"total": 90.0}]

    jobs = house.container.jobs.list("default", kind="flow.quick")
    assert [job.state for job in jobs] == [JobState.SUCCEEDED] * 3


def test_what_fails_on_a_worker_names_the_item(house):
    house.flow(
        {
            "rows": {"collect": "rows"},
            "twice": {
                "handle": "fragile", "each": "rows", "inputs": {"value": "rows.value"},
                "where": "queue:quick", "parameters": {"at": [1], "how": "tell"},
            },
            "total": {"post": "total", "inputs": {"value": "twice.twice"}},
        }
    )  # fmt: skip

    with working(house), pytest.raises(MinervaError, match="at record 0, rows 1"):
        house.predict({"count": 3})


def test_without_a_worker_a_step_ends_with_its_deadline_and_its_job_is_cancelled(house):
    house.flow(
        {
            "twice": {
                "handle": "fragile", "inputs": {"value": "count"},
                "where": "queue:quick", "deadline_ms": 200,
            }
        },
        answer={"total": "twice.twice"},
    )  # fmt: skip

    with pytest.raises(DeadlineExceeded, match="Step 'twice'"):
        house.predict({"count": 3})

    from waiting import wait_until

    def cancelled():
        return [job.state for job in house.container.jobs.list("default")] == [JobState.CANCELLED]

    wait_until(cancelled)


def test_a_worker_does_itself_what_a_flow_leaves_to_workers(house):
    house.flow(
        {"twice": {"handle": "fragile", "inputs": {"value": "count"}, "where": "queue:batch"}},
        answer={"total": "twice.twice"},
    )
    version = house.container.live.find("default", "flow").version

    with open_job(load(house.workspace, {})) as worker:
        loaded = worker.versioning.loader.load(version)
        told = loaded.model.predict(loaded.decoder.records([{"count": 3}]))

    assert told["total"].tolist() == [6.0]
    assert house.container.jobs.list("default") == []


def remote(url, **more):
    """A flow whose service is elsewhere."""
    return flow(
        {"risk": {"predict": "risk", "inputs": {"value": "count"}, "where": url, **more}},
        output=LEVEL,
    )


def test_another_container_that_is_away_is_told_by_the_step_s_name(house):
    house.declare(RISK)
    with answering() as server:
        url = f"http://127.0.0.1:{server.server_port}"
    assert house.declare(remote(url)) == []

    with pytest.raises(Unavailable, match="Step 'risk' of the flow failed"):
        house.predict({"count": 1})


@pytest.mark.parametrize(
    "content",
    [
        b"no JSON",
        {},
        {"outputs": []},
        {"outputs": [{"name": "level", "datatype": "BYTES", "shape": [1], "data": ["purple"]}]},
        {"outputs": [{"name": "level", "datatype": "BYTES", "shape": [2], "data": ["low", "low"]}]},
        {"outputs": [{"name": "level", "datatype": "BYTES", "shape": [1]}]},
    ],
)
def test_an_answer_that_makes_no_sense_is_told_by_the_step_s_name(house, content):
    house.declare(RISK)
    with answering() as server:
        server.prepared.extend([(200, content)] * 3)
        house.declare(remote(f"http://127.0.0.1:{server.server_port}"))

        with pytest.raises((StepFailed, AlgorithmFailed, Unavailable), match="Step 'risk'"):
            house.predict({"count": 1})


def test_ids_and_key_of_a_request_go_to_the_other_container(house, monkeypatch):
    import structlog

    monkeypatch.setenv("OTHER_KEY", "mk_secret")
    house.declare(RISK)
    answer = {"outputs": [{"name": "level", "datatype": "BYTES", "shape": [1], "data": ["high"]}]}
    with (
        answering() as server,
        structlog.contextvars.bound_contextvars(request_id="r-9", trace_id="a" * 32),
    ):
        server.prepared.append((200, answer))
        url = {"url": f"http://127.0.0.1:{server.server_port}/base", "key": "${OTHER_KEY}"}
        assert house.declare(remote(url)) == []

        told = house.predict({"count": 1})

    method, path, headers, _ = server.asked[0]
    assert told[0]["level"] == "high"
    assert (method, path) == ("POST", "/base/v2/models/risk/infer")
    assert headers["Authorization"] == "Bearer mk_secret"
    assert headers["X-Request-ID"] == "r-9"
    assert headers["traceparent"].startswith(f"00-{'a' * 32}-")


def test_what_is_away_for_a_moment_is_asked_again(house):
    house.declare(RISK)
    answer = {"outputs": [{"name": "level", "datatype": "BYTES", "shape": [1], "data": ["low"]}]}
    with answering() as server:
        server.prepared.extend([(503, {"code": "unavailable"}), (200, answer)])
        house.declare(remote(f"http://127.0.0.1:{server.server_port}", retries=1, pause_ms=1))

        assert house.predict({"count": 1})[0]["level"] == "low"


class HardOfHearing:
    """A queue whose first message goes to a worker that is busy; it satisfies `JobQueue`."""

    def __init__(self, runner):
        self.runner, self.sent, self.threads = runner, [], []

    def send(self, job_id, queue):
        self.sent.append(job_id)
        if len(self.sent) == 2:
            self.threads.append(threading.Thread(target=self.runner.run, args=[job_id]))
            self.threads[0].start()


def test_a_job_whose_message_nobody_heard_is_sent_again_while_its_caller_waits(house):
    house.flow(
        {"twice": {"handle": "fragile", "inputs": {"value": "count"}, "where": "queue:quick"}},
        answer={"total": "twice.twice"},
    )
    works, jobs = house.model().works, house.container.jobs
    queue = HardOfHearing(house.container.runner)
    heard = replace(works.house, jobs=lambda: replace(jobs, queue=queue))
    house.model().works = replace(works, house=heard)

    assert house.predict({"count": 3}) == [{"total": 6.0}]
    for thread in queue.threads:
        thread.join()

    (job,) = jobs.list("default", kind="flow.quick")
    assert len(queue.sent) > 1
    assert set(queue.sent) == {job.id}
