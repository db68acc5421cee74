"""Which requests the loop of a web worker answers itself: giving them to a thread would cost more.

A thread must be woken, needs the interpreter, and wakes the loop again: that costs more than the answer
of a small model. But whoever is slow in the loop holds up everybody. So only predictions of small bodies
are answered there, of services that were seen to be quick; one that is slow after all is left to threads
for a while, for longer each time it is slow again (docs/adr/0019).
"""

from __future__ import annotations

from dataclasses import dataclass

QUICK_S = 0.004
"""A thread's answer that took no longer tells that a service is quick; a mean of the loop's that is longer
tells that it is not."""
DOUBTFUL_S = 0.04
"""Where a thread computed no longer than QUICK_S and took no longer than this, it may have waited for the
interpreter alone: the loop tries one answer, and goes on if it was quick."""
SHARE = 0.1
"""Of the newest answer in that mean: one that took 40 ms is enough."""
FIRST_REST_S, LONGEST_REST_S = 1.0, 3600.0
FORGIVEN = 0.999
"""What is left of a rest's length after an answer that was quick."""
MOST_BYTES = 64 * 1024
MOST_SERVICES = 4096
"""So many are known; callers make up names without end."""
_WITHIN = 32
"""Bytes from where a body begins."""


@dataclass(frozen=True)
class _Kind:
    """One way to ask a service."""

    before: bytes
    after: bytes
    """What surrounds the service's name in the request line."""
    asked: bytes
    """Stands where the body begins."""
    longer: tuple[bytes, ...]
    """What may take longer than the service's other answers did."""
    around: int | None = None
    """Bytes at either end of a body where that stands, beside its records; None: anywhere."""
    form: bytes = b""
    """Stands in the head: the body's content type, where others are answered, too."""


_KINDS = (
    _Kind(
        b"POST /v1/services/",
        b"/predict HTTP/1.1",
        b'"records"',
        (b'"keys"', b'"explain"'),
        around=256,
        form=b"application/json",
    ),
    _Kind(b"POST /v2/models/", b"/infer HTTP/1.1", b"{", (b'"explain"', b'"explanation')),
)


@dataclass
class Known:
    """What was seen of one service."""

    quick: bool = False
    mean_s: float = 0.0
    rest_s: float = FIRST_REST_S
    not_before: float = 0.0


class Quick:
    """Learns from how long answers took. For one loop; threads only note."""

    def __init__(self) -> None:
        self._known: dict[bytes, Known] = {}

    def may(self, data: bytearray, body_at: int | None, now: float) -> bytes | None:
        """Return a request's line if the loop may answer it; all of it is there."""
        kind = _kind(data)
        line = None if kind is None else _line(data, kind)
        if kind is None or line is None or body_at is None or len(data) > MOST_BYTES:
            return None
        known = self._known.get(line)
        if known is None or not known.quick or now < known.not_before:
            return None
        usual = (
            data.find(kind.asked, body_at, body_at + _WITHIN) >= 0
            and data.find(kind.form, 0, body_at) >= 0
        )
        return line if usual and not _is_longer(data, body_at, kind) else None

    def line(self, data: bytearray) -> bytes | None:
        """Return the request line of a prediction, which tells the service; None of anything else."""
        kind = _kind(data)
        return None if kind is None else _line(data, kind)

    def answered_by_thread(self, line: bytes, took_s: float, computed_s: float, now: float) -> None:
        """Note how long a thread took for an answer, waiting included, and how much of it it computed."""
        is_one_too_many = line not in self._known and len(self._known) >= MOST_SERVICES
        if computed_s > QUICK_S or took_s > DOUBTFUL_S or is_one_too_many:
            return
        known = self._known.setdefault(line, Known())
        if not known.quick and now >= known.not_before:
            known.quick = True
            known.mean_s = 0.0 if took_s <= QUICK_S else QUICK_S

    def answered_here(
        self, line: bytes, took_s: float, own_s: float, now: float, count: int = 1
    ) -> None:
        """Note how long the loop took for some answers, and how long without others' use of the processor.

        That is what counts, but for an answer so long that others were held up in any case (and Linux may
        take sleep for a wait). After a rest a thread must have found the service quick again.
        """
        known = self._known[line]
        seconds = (own_s if took_s <= DOUBTFUL_S * count else took_s) / count
        known.mean_s = seconds + (known.mean_s - seconds) * (1 - SHARE) ** count
        if known.mean_s <= QUICK_S:
            known.rest_s = max(FORGIVEN * known.rest_s, FIRST_REST_S)
            return
        known.quick, known.mean_s = False, 0.0
        known.not_before = now + known.rest_s
        known.rest_s = min(2 * known.rest_s, LONGEST_REST_S)


def _kind(data: bytearray) -> _Kind | None:
    return next((kind for kind in _KINDS if data.startswith(kind.before)), None)


def _is_longer(data: bytearray, body_at: int, kind: _Kind) -> bool:
    """Tell whether a body asks what may take longer; one that hides it is found out by its time."""
    if kind.around is not None:
        last = max(body_at, len(data) - kind.around)
        data = data[body_at : body_at + kind.around] + data[last:]
    return any(name in data for name in kind.longer)


def _line(data: bytearray, kind: _Kind) -> bytes | None:
    line = bytes(data[: data.find(b"\r\n")])
    return line if line.endswith(kind.after) else None
