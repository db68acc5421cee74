"""Answers as NDJSON: a line for each row, and a last one that tells how it went."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from minerva.layers.abstraction.serving.question import Answer
from minerva.layers.core.protocols.rows.judging import Judged
from minerva.layers.core.protocols.rows.told import Tally, in_order

_ENCODER = msgspec.json.Encoder(enc_hook=str)


class NdjsonAnswers:
    """Lines are `{"prediction": …}`, `{"error": …}`, and at last `{"end": …}`."""

    def __init__(self, service: str, request_id: str) -> None:
        self._whose = {"service": service, "request_id": request_id}

    def begin(self) -> bytes:
        """See `Writer`."""
        return b""

    def some(self, judged: Judged, answer: Answer | None) -> bytes:
        """See `Writer`."""
        lines = []
        for number, found in in_order(judged, answer):
            if found is None:
                lines.append(_line("error", _misfit(judged, number)))
            else:
                lines.append(_line("prediction", found[0]))
        return b"".join(lines)

    def end(self, tally: Tally, problem: Mapping[str, Any] | None = None) -> bytes:
        """See `Writer`."""
        told = {
            "complete": problem is None,
            "rows": tally.rows,
            "rejected": tally.rejected,
            "degraded": tally.degraded,
            "versions": sorted(tally.versions, key=int),
            **self._whose,
        }
        return _line("end", told if problem is None else {**told, "error": problem})


def _misfit(judged: Judged, number: int) -> dict[str, Any]:
    faults = [{"where": one.where, "message": one.message} for one in judged.wrong[number]]
    return {"line": number, "code": "invalid_input", "faults": faults}


def _line(kind: str, content: Mapping[str, Any]) -> bytes:
    return _ENCODER.encode({kind: content}) + b"\n"
