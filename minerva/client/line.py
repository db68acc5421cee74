"""Asking a sidecar, again where that is safe, while one deadline, a budget and a breaker allow it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse

from minerva.client.address import Limit, address_of
from minerva.client.answers import Answer, Away, Document, Reason, problem, read_object
from minerva.client.backoff import Backoff
from minerva.client.breaker import Breaker
from minerva.client.budget import RetryBudget
from minerva.client.clock import Clock
from minerva.client.connection import Request
from minerva.client.policy import Policy
from minerva.client.transport import Transport

BUSY = frozenset({HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS})
"""Answers after which the same question may have another answer."""


@dataclass(frozen=True)
class Terms:
    """How one call is made: whether it may happen twice, in which time, and behind which breaker."""

    repeatable: bool = False
    timeout_s: float | None = None
    breaker: Breaker | None = None


ONCE, AGAIN = Terms(), Terms(repeatable=True)


class Line:
    """Says in our errors what went wrong; for any number of threads."""

    def __init__(
        self, url: str, key: str | None, timeout_s: float, policy: Policy, clock: Clock
    ) -> None:
        self.url = url.rstrip("/")
        self.headers = {"Accept": "application/json"}
        if key:
            self.headers["Authorization"] = f"Bearer {key}"
        self._timeout_s = timeout_s
        self._policy = policy
        self._clock = clock
        self._backoff = Backoff(policy.first_pause_s, policy.longest_pause_s)
        self._budget = RetryBudget(policy.retry_share, policy.spare_retries)
        self._transport = Transport(address_of(url))

    def close(self) -> None:
        """Hang up; a later call connects again."""
        self._transport.close()

    def get(self, path: str) -> Document:
        """Return the JSON object that is read there."""
        return self.call("GET", path, terms=AGAIN)

    def call(
        self,
        method: str,
        path: str,
        body: Document | None = None,
        headers: Mapping[str, str] | None = None,
        terms: Terms = ONCE,
    ) -> Document:
        """Return the JSON object that is answered."""
        return read_object(self.content(method, path, body, headers, terms))

    def content(
        self,
        method: str,
        path: str,
        body: Document | None = None,
        headers: Mapping[str, str] | None = None,
        terms: Terms = ONCE,
    ) -> bytes:
        """Return the body that is answered. Raises the error that a problem tells of, or Away."""
        answer = self.answer(method, path, body, headers, terms)
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise problem(answer.status, answer.content, answer.retry_after_s)
        return answer.content

    def answer(
        self,
        method: str,
        path: str,
        body: Document | None = None,
        headers: Mapping[str, str] | None = None,
        terms: Terms = ONCE,
    ) -> Answer:
        """Return what is answered at last, whatever its status. Raises Away."""
        sent = self.headers | dict(headers or {})
        content = None
        if body is not None:
            content = json.dumps(body, ensure_ascii=False).encode()
            sent["Content-Type"] = "application/json"
        outcome = self._persist(Request(method, path, content, sent), terms)
        if isinstance(outcome, Away):
            raise outcome
        return outcome

    def send(
        self, path: str, content: bytes, headers: Mapping[str, str], method: str = "POST"
    ) -> Document:
        """Send bytes that are no JSON, once, and return the JSON object that is answered.

        They may be many: the timeout is for each wait on the way, not for all of it.
        """
        request = Request(method, path, content, self.headers | dict(headers))
        try:
            answer = self._transport.exchange(request, lambda: self._timeout_s, fresh=True)
        except (OSError, HTTPException) as error:
            raise self.away(error) from error
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise problem(answer.status, answer.content, answer.retry_after_s)
        return read_object(answer.content)

    @contextmanager
    def stream(self, path: str, headers: Mapping[str, str]) -> Iterator[HTTPResponse]:
        """Lend an answer that is read while it comes; the timeout is for each silence in it."""
        request = Request("GET", path, None, self.headers | dict(headers))
        try:
            with self._transport.stream(request, lambda: self._timeout_s) as response:
                yield response
        except (OSError, HTTPException) as error:
            raise self.away(error) from error

    def _persist(self, request: Request, terms: Terms) -> Answer | Away:
        """Try until there is an answer that will do, or no further try is allowed."""
        allowed_s = self._timeout_s if terms.timeout_s is None else terms.timeout_s
        deadline = self._clock.now() + allowed_s
        limit = _until(deadline, self._clock.now)
        self._budget.earn()
        tries = 0
        while True:
            outcome = self._guarded(request, terms, limit, allowed_s)
            tries += 1
            if not terms.repeatable or not _passing(outcome) or tries >= self._policy.attempts:
                return outcome
            pause_s = self._backoff.pause_s(
                tries,
                deadline - self._clock.now(),
                self._clock.chance(),
                _retry_after_s(outcome),
            )
            if pause_s is None or not self._budget.spend():
                return outcome
            self._clock.sleep(pause_s)

    def _guarded(
        self, request: Request, terms: Terms, limit: Limit, allowed_s: float
    ) -> Answer | Away:
        """Try once, unless the breaker is open, and tell it what came of that."""
        breaker = terms.breaker
        if breaker is None:
            return self._once(request, terms, limit, allowed_s)
        permit = breaker.admit(self._clock.now())
        if permit is None:
            return Away(
                Reason.BREAKER,
                f"The sidecar at {self.url} failed several times in a row, and is left alone for a while.",
            )
        try:
            outcome = self._once(request, terms, limit, allowed_s)
        except BaseException:
            breaker.left(permit)
            raise
        if _failing(outcome):
            breaker.failed(permit, self._clock.now())
        else:
            breaker.succeeded(permit)
        return outcome

    def _once(
        self, request: Request, terms: Terms, limit: Limit, allowed_s: float
    ) -> Answer | Away:
        try:
            return self._transport.exchange(request, limit, fresh=not terms.repeatable)
        except (OSError, HTTPException) as error:
            away = self.away(error, allowed_s)
            away.__cause__ = error
            return away

    def away(self, error: Exception, allowed_s: float | None = None) -> Away:
        """Say that the sidecar does not answer, and what to do about it."""
        if isinstance(error, TimeoutError):
            seconds = self._timeout_s if allowed_s is None else allowed_s
            return Away(
                Reason.DEADLINE, f"The sidecar at {self.url} did not answer in {seconds:g} s."
            )
        if isinstance(error, HTTPException) and not isinstance(error, ConnectionError):
            told = f"What answers at {self.url} does not speak HTTP as a sidecar does."
            return Away(Reason.CONNECTION, told)
        return Away(
            Reason.CONNECTION,
            f"No sidecar answers at {self.url}: start it with `minerva up`, "
            "or name another with --url.",
        )


def _until(deadline: float, now: Callable[[], float]) -> Limit:
    def left() -> float:
        left_s = deadline - now()
        if left_s <= 0:
            raise TimeoutError("the deadline passed")
        return left_s

    return left


def _passing(outcome: Answer | Away) -> bool:
    """Whether the same question may be answered a moment later."""
    if isinstance(outcome, Away):
        return outcome.reason is Reason.CONNECTION
    return outcome.status in BUSY


def _failing(outcome: Answer | Away) -> bool:
    """Whether this is a failure of the other side, not of what was asked."""
    if isinstance(outcome, Away):
        return True
    return outcome.status in BUSY or outcome.status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _retry_after_s(outcome: Answer | Away) -> float:
    return 0.0 if isinstance(outcome, Away) else outcome.retry_after_s
