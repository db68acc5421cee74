"""What was answered, in the members of the statistics extension.

https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_statistics.md
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minerva.layers.core.telemetry.statistics import Series, Stages

NEVER = {"count": 0, "ns": 0}


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
                "success": _duration(one.success.count, one.success.seconds),
                "fail": _duration(one.fail.count, one.fail.seconds),
                "queue": NEVER,
                **_stages(one.success),
                "cache_hit": NEVER,
                "cache_miss": NEVER,
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
        "compute_input": _duration(stages.count, stages.read_s),
        "compute_infer": _duration(stages.count, stages.predict_s),
        "compute_output": _duration(stages.count, stages.write_s),
    }


def _duration(count: int, seconds: float) -> dict[str, int]:
    return {"count": count, "ns": round(seconds * 1e9)}
