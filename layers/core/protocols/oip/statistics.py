"""What was answered, in the members of the statistics extension.

https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_statistics.md
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minerva.layers.core.telemetry.statistics import Duration, Series, Stages

NEVER = Duration()


def model_stats(name: str, series: Iterable[tuple[str, Series]]) -> list[dict[str, Any]]:
    """Return an object for each version of a service. Nothing waits in a queue, nothing is cached."""
    return [
        {
            "name": name,
            "version": version,
            "last_inference": round(one.last_at * 1000),
            "inference_count": one.rows,
            "execution_count": one.success.count,
            "inference_stats": {
                "success": _duration(one.success),
                "fail": _duration(one.fail),
                "queue": _duration(NEVER),
                **_stages(one.stages),
                "cache_hit": _duration(NEVER),
                "cache_miss": _duration(NEVER),
            },
            "batch_stats": [
                {"batch_size": rows, **_stages(stages)}
                for rows, stages in sorted(one.sizes.items())
            ],
        }
        for version, one in series
    ]


def _stages(stages: Stages) -> dict[str, Any]:
    return {
        "compute_input": _duration(stages.read),
        "compute_infer": _duration(stages.predict),
        "compute_output": _duration(stages.write),
    }


def _duration(duration: Duration) -> dict[str, int]:
    return {"count": duration.count, "ns": duration.ns}
