"""A kind of job of our own: what happened lately, counted from the shared log."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import msgspec

from minerva import JobContext, JobKind, Parameters, hookimpl


class DigestParameters(Parameters, frozen=True):
    """How far to look back."""

    hours: Annotated[float, msgspec.Meta(gt=0, le=24 * 366, description="So many hours")] = 24.0


class LogDigest(JobKind):
    """Counts events by their name, so that an operator sees what a day was like."""

    name = "log-digest"
    queue = "quick"
    Parameters = DigestParameters

    def run(self, context: JobContext) -> Mapping[str, Any]:
        """Return event → how often, the most frequent ones first."""
        since = datetime.now(UTC) - timedelta(hours=context.parameters.hours)
        counted: Counter[str] = Counter()
        for path in sorted((context.workspace / ".minerva" / "logs").glob("*.jsonl")):
            context.progress(0.5, path.name)
            with path.open(encoding="utf-8", errors="replace") as lines:
                counted.update(filter(None, (_event(line, since) for line in lines)))
        return {"events": dict(counted.most_common(50))}


def _event(line: str, since: datetime) -> str | None:
    try:
        told = msgspec.json.decode(line)
        moment = datetime.fromisoformat(told["timestamp"])
        return str(told["event"]) if moment >= since else None
    except (msgspec.DecodeError, KeyError, TypeError, ValueError):
        return None


@hookimpl
def minerva_job_kinds() -> list[JobKind]:
    """Bring the one kind."""
    return [LogDigest()]
