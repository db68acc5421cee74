"""What became of all accepted jobs: each must have ended once, with one effect, and left nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from chaos.world import World

ENDED = frozenset({"succeeded", "failed", "cancelled", "dead"})


@dataclass
class Verdict:
    """The counts of one fault, and what is wrong, if anything is."""

    fault: str
    hits: int
    jobs: int = 0
    ended: int = 0
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    @property
    def problems(self) -> list[str]:
        """What must not be."""
        return [*self.lost, *self.twice, *self.left]

    def __bool__(self) -> bool:
        """Whether anything is wrong."""
        return bool(self.problems)

    def counts(self) -> tuple[int, ...]:
        """Return the cells of the table."""
        return (self.hits, self.jobs, self.ended, len(self.lost), len(self.twice), len(self.left))


def judge(fault: str, hits: int, world: World) -> Verdict:
    """Look at a world whose jobs have ended, and end it."""
    verdict = Verdict(fault, hits, jobs=len(world.accepted))
    for job_id in world.accepted:
        _judge_job(verdict, world, job_id)
    _judge_versions(verdict, world)
    _judge_messages(verdict, world)
    world.stop()
    verdict.left += [f"process {line}" for line in world.processes()]
    verdict.left += [f"file {path}" for path in left_over(world.workspace)]
    return verdict


def left_over(workspace: Path) -> list[Path]:
    """Return what only an unfinished job would leave."""
    state = workspace / ".minerva"
    patterns = ("jobs/*/work", "scratch/*", "artefacts/**/*.tmp", "artefacts/.*", "run/p-*")
    found = [path for pattern in patterns for path in state.glob(pattern)]
    return [*found, *(workspace / "data").glob(".*")]


def _judge_job(verdict: Verdict, world: World, job_id: str) -> None:
    job = world.client.job(job_id)
    ends = [e for e in world.client.job_history(job_id) if e["state"] in ENDED]
    if job["state"] != "succeeded":
        said = (job.get("error") or {}).get("message", "")
        verdict.lost.append(f"{job['kind']} job {job_id} is {job['state']}: {said}")
    elif len(ends) == 1:
        verdict.ended += 1
    if len(ends) > 1:
        verdict.twice.append(f"job {job_id} ended {len(ends)} times")
    expected, rows = world.expected_rows(job_id), world.written_rows(job_id)
    if expected is not None and job["state"] == "succeeded":
        if len(set(rows)) < expected:
            verdict.lost.append(f"job {job_id} wrote {len(set(rows))} of {expected} rows")
        if len(rows) > len(set(rows)):
            verdict.twice.append(f"job {job_id} wrote {len(rows) - len(set(rows))} rows twice")


def _judge_versions(verdict: Verdict, world: World) -> None:
    trainings = [one for one in world.accepted if world.client.job(one)["kind"] == "train"]
    numbers = Counter(
        (world.client.job(one).get("result") or {}).get("version") for one in trainings
    )
    versions = {version["version"] for version in world.client.versions(world.service)}
    lost = {str(number) for number in numbers if number is not None} - set(map(str, versions))
    verdict.lost += [f"version {number} is not in the registry" for number in sorted(lost)]
    unknown = set(map(str, versions)) - {str(number) for number in numbers}
    verdict.twice += [f"version {number} belongs to no job" for number in sorted(unknown)]


def _judge_messages(verdict: Verdict, world: World) -> None:
    told = world.told()
    wanted = [one for one in world.accepted if one in world.with_callback]
    verdict.lost += [f"nobody was told of job {one}" for one in wanted if not told.get(one)]
    verdict.twice += [
        f"job {one} was told of under {len(ids)} ids" for one, ids in told.items() if len(ids) > 1
    ]
