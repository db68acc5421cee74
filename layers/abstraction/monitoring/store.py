"""The ports to recorded predictions, and to the truth that comes later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from minerva.layers.abstraction.monitoring.record import InferenceRecord
from minerva.layers.abstraction.monitoring.truth import Fate, Truth

AT_A_TIME = 20_000
"""So many records are forgotten in one call at most."""


@dataclass(frozen=True, slots=True)
class Span:
    """Which records are meant: those answered from `since` on and before `until`."""

    tenant: str
    service: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Answered:
    """What can be counted of one record."""

    version: int | None
    at: datetime
    ms: float
    degraded: bool
    shadow: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """A truth whose record is not there."""

    tenant: str
    service: str
    truth: Truth
    received_at: datetime


class InferenceStore(Protocol):
    """Recorded predictions of all tenants; each is read by its own tenant only."""

    def add(self, records: Sequence[InferenceRecord]) -> None:
        """Keep new ones. Raises Unavailable."""

    def newest(
        self, span: Span, limit: int, *, version: int | None = None
    ) -> Sequence[InferenceRecord]:
        """Return the newest records of a span, newest first; `version`: only what it answered.

        With a `version`, neither defaults nor answers of a shadow are among them.
        """

    def judged(
        self, span: Span, limit: int, *, features: bool = False
    ) -> Sequence[InferenceRecord]:
        """Return the records of a span that have a truth, the newest truths first.

        Without features, which are much to read, unless they are asked for.
        """

    def beside(self, span: Span, requests: Sequence[str], limit: int) -> Sequence[InferenceRecord]:
        """Return the records of a span that have no truth and one of these request ids, at most so many."""

    def answered(self, span: Span, limit: int) -> Sequence[Answered]:
        """Return what is known of the newest answers of a span, newest first."""

    def prune(self, tenant: str, service: str, before: datetime, most: int) -> int:
        """Forget what is older than `before`, and all but the newest `most`; return how many.

        Takes short turns, so that nobody who writes has to wait long, and forgets no more than
        `AT_A_TIME`, so that neither does who asks: there may be more.
        """


class TruthStore(Protocol):
    """Truths: joined to records, or waiting for them."""

    def join(self, tenant: str, service: str, truths: Sequence[Truth]) -> Sequence[Fate]:
        """Write each truth into the records that it belongs to; return what became of each, in order.

        Those are all that have its request id and row, or its request id and key: the answer, that
        of a shadow, and those of a call that was repeated. With a key alone they are those of the
        newest answer for it up to the truth's moment.
        """

    def wait(self, waiting: Sequence[Waiting]) -> None:
        """Keep truths without a record; one that waits already is replaced."""

    def waiting(self, received_after: datetime, limit: int) -> Sequence[Waiting]:
        """Return truths of all tenants that wait since then, by tenant, service and moment."""

    def settled(self, waiting: Sequence[Waiting]) -> None:
        """Forget truths that wait no more."""

    def count_waiting(self, tenant: str, service: str) -> int:
        """Return how many truths of a service have no record."""

    def forget_waiting(self, tenant: str, service: str, before: datetime) -> int:
        """Forget truths that were received before, return how many."""
