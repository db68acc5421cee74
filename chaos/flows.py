"""The faults of flows: what does a step is killed while callers wait for the flow's answer.

Each caller must have the right answer, or an error that names the step, before the step's deadline.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from chaos.flow_service import DEADLINE_S, HASTY, PATIENT, RIGHT, ROWS, write_flows
from chaos.verdict import Verdict, left_over
from chaos.waiting import wait
from chaos.world import World, world
from minerva.client import ONE_TRY, Client
from minerva.errors import MinervaError

FLOWS = (PATIENT, HASTY)
SLACK_S = 30.0
"""What a call may take beside its step: the machine is busy with starting what was killed."""


@dataclass(frozen=True)
class Asked:
    """What came of one call."""

    flow: str
    seconds: float
    total: float | None
    error: str

    @property
    def problem(self) -> str | None:
        """What is wrong with it, None if nothing is."""
        if self.seconds > DEADLINE_S[self.flow] + SLACK_S:
            return f"{self.flow} took {self.seconds:.0f} s"
        if self.total is not None:
            return None if self.total == RIGHT else f"{self.flow} answered {self.total}"
        if self.flow == PATIENT:
            return f"{self.flow} was not tried again: {self.error}"
        return None if "'twice'" in self.error else f"{self.flow} does not say where: {self.error}"


def flow_container_killed(chance: random.Random, rounds: int) -> Verdict:
    """`kill -9` of the container that does a step, with all its processes, while a flow waits for it."""
    with world() as other:
        write_flows(other.workspace, "here")
        other.start("serve")
        key = (other.workspace / ".minerva" / "admin.key").read_text().strip()
        where = {"url": f"http://127.0.0.1:{other.port}", "key": "${OTHER_KEY}"}

        def harm() -> None:
            os.killpg(other.running["serve"].pid, signal.SIGKILL)
            other.kill("serve")
            other.start("serve")

        with world(OTHER_KEY=key) as made:
            write_flows(made.workspace, where)
            made.start("serve")
            verdict = _amid_calls("flow_container_killed", made, chance, rounds, harm)
        other.stop()
        verdict.left += [f"process {line}" for line in other.processes()]
        return verdict


def flow_worker_killed(chance: random.Random, rounds: int) -> Verdict:
    """`kill -9` of the worker that does a step's jobs while a flow waits for them; another one starts."""
    with world() as made:
        write_flows(made.workspace, "queue:batch")
        made.start("serve", "worker", "beat")

        def harm() -> None:
            made.kill("worker")
            made.start("worker")

        return _amid_calls("flow_worker_killed", made, chance, rounds, harm)


def flow_job_killed(chance: random.Random, rounds: int) -> Verdict:
    """`kill -9` of the processes of a step's jobs while a flow waits for them."""
    with world() as made:
        write_flows(made.workspace, "queue:batch")
        made.start("serve", "worker", "beat")

        def harm() -> None:
            for pid in made.children():
                os.kill(pid, signal.SIGKILL)

        return _amid_calls("flow_job_killed", made, chance, rounds, harm)


def _amid_calls(
    fault: str, made: World, chance: random.Random, rounds: int, harm: Callable[[], None]
) -> Verdict:
    """Ask both flows at once and do harm at a random moment, again and again."""
    wait(lambda: _ask(made, PATIENT).total == RIGHT, "the flows", 120)
    usual_s = max(_ask(made, flow).seconds for flow in FLOWS)
    verdict = Verdict(fault, hits=rounds)
    for _ in range(rounds):
        with ThreadPoolExecutor(len(FLOWS)) as callers:
            asked = [callers.submit(_ask, made, flow) for flow in FLOWS]
            time.sleep(chance.random() * usual_s)
            harm()
        answers = [one.result() for one in asked]
        problems = [one.problem for one in answers if one.problem is not None]
        verdict.jobs += len(answers)
        verdict.ended += len(answers) - len(problems)
        verdict.lost += problems
        wait(lambda: _ask(made, PATIENT).total == RIGHT, "the next round", 120)
    _tidy(made)
    made.stop()
    verdict.left += [f"process {line}" for line in made.processes()]
    verdict.left += [f"file {path}" for path in left_over(made.workspace)]
    return verdict


def _tidy(made: World) -> None:
    """Start the worker once more: it removes what jobs left that were cancelled between two attempts."""
    if "worker" in made.running:
        made.kill("worker")
        made.start("worker")
        with suppress(TimeoutError):  # the verdict tells what is left
            wait(lambda: not left_over(made.workspace), "a tidy folder", 30)


def _ask(made: World, flow: str) -> Asked:
    """Ask once: a caller that tries again would hide what is to be seen."""
    key = (made.workspace / ".minerva" / "admin.key").read_text().strip()
    begun = time.monotonic()
    total, said = None, ""
    try:
        with Client(f"http://127.0.0.1:{made.port}", key, 600, ONE_TRY) as client:
            (told,) = client.predict(flow, [{"count": ROWS}])["predictions"]
            total = told["total"]
    except MinervaError as error:
        said = error.message
    return Asked(flow, time.monotonic() - begun, total, said)
