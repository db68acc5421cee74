"""What the product asks of its sidecar: predictions, a training, and how the training goes.

Every answer is checked before it is believed; whatever is wrong with one becomes a SidecarError, so
that the callers, a page above all, have a single failure to live with.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from http.client import HTTPException
from typing import Final, TypeAlias
from urllib.parse import quote

from legacy_stub.credential import Credential
from legacy_stub.deadline import Deadline
from legacy_stub.tables import LABEL
from legacy_stub.tracing import Trace
from legacy_stub.transport import Answer, Request, Transport

Value: TypeAlias = str | int | float | None
Document: TypeAlias = dict[str, object]

RUNNING_STATES: Final = frozenset({"queued", "running"})
FINAL_STATES: Final = frozenset({"succeeded", "failed", "cancelled", "dead"})
_CODE = re.compile(r"[A-Za-z0-9._/-]{1,64}")


class SidecarError(Exception):
    """The sidecar gave no usable answer. `reason` is for people, `code` for the log."""

    def __init__(self, code: str, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.status = status


@dataclass(frozen=True, slots=True)
class Prediction:
    """What is foretold of one customer; a declared default answer has no probability."""

    churn: str
    probability: float | None


@dataclass(frozen=True, slots=True)
class Predictions:
    """The answer to one call: predictions by customer id, and which model version gave them."""

    by_customer: Mapping[str, Prediction]
    version: str | None
    degraded: bool


@dataclass(frozen=True, slots=True)
class Job:
    """A piece of offline work at the sidecar; `progress` runs from 0 to 1."""

    id: str
    state: str
    progress: float
    version: str | None
    problem: str | None


class Sidecar:
    """The client of one service at one sidecar; threads may share it."""

    def __init__(self, transport: Transport, credential: Credential, service: str) -> None:
        self.service = service
        self._transport = transport
        self._credential = credential

    def predict(
        self, records: Sequence[Mapping[str, Value]], trace: Trace, deadline: Deadline
    ) -> Predictions:
        """Ask for one prediction per record; raises SidecarError unless all of them come back."""
        body = json.dumps({"records": records}).encode()
        request = Request("POST", self._path("predict"), trace.headers(), body)
        wanted = {str(record["customer_id"]) for record in records}
        return _predictions(self._document(request, deadline), wanted)

    def train(self, idempotency_key: str, trace: Trace, deadline: Deadline) -> Job:
        """Ask for a training; asking again with the same key leads to the same job."""
        headers = trace.headers() | {"Idempotency-Key": idempotency_key}
        request = Request("POST", self._path("train"), headers, b"{}")
        return _job(self._document(request, deadline))

    def job(self, job_id: str, trace: Trace, deadline: Deadline) -> Job:
        """How a job is going; SidecarError with status 404 when the sidecar does not know it."""
        request = Request("GET", f"/v1/jobs/{quote(job_id, safe='')}", trace.headers())
        return _job(self._document(request, deadline))

    def alive(self, deadline: Deadline) -> bool:
        """Whether anybody answers at all."""
        try:
            return self._attempt(Request("GET", "/livez"), deadline).status == HTTPStatus.OK
        except SidecarError:
            return False

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._transport.close()

    def _path(self, verb: str) -> str:
        return f"/v1/services/{quote(self.service, safe='')}/{verb}"

    def _document(self, request: Request, deadline: Deadline) -> Document:
        """The JSON object that a successful call answers with.

        A key that is refused is looked up anew, and the call repeated if there is another one.
        """
        key = self._credential.current()
        answer = self._attempt(_with_key(request, key), deadline)
        if answer.status == HTTPStatus.UNAUTHORIZED and self._credential.replaced(key):
            answer = self._attempt(_with_key(request, self._credential.current()), deadline)
        if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
            raise _refusal(answer)
        return _object(answer.body)

    def _attempt(self, request: Request, deadline: Deadline) -> Answer:
        try:
            return self._transport.call(request, deadline)
        except TimeoutError as error:
            raise SidecarError("timeout", "The sidecar did not answer in time.") from error
        except OSError as error:
            raise SidecarError("unreachable", "The sidecar cannot be reached.") from error
        except HTTPException as error:
            raise _unreadable() from error


def _with_key(request: Request, key: str | None) -> Request:
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    return replace(request, headers={**request.headers, **headers})


def _unreadable() -> SidecarError:
    return SidecarError("unreadable", "The sidecar's answer could not be read.")


def _refusal(answer: Answer) -> SidecarError:
    """An error answer by its status and its RFC 9457 `code`; its prose is not ours to repeat."""
    try:
        code = str(_object(answer.body).get("code", ""))
    except SidecarError:
        code = ""
    known = code if _CODE.fullmatch(code) else f"http-{answer.status}"
    return SidecarError(known, f"The sidecar answered {answer.status} ({known}).", answer.status)


def _object(body: bytes) -> Document:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _unreadable() from error
    if not isinstance(content, dict):
        raise _unreadable()
    return content


def _predictions(answer: Document, wanted: set[str]) -> Predictions:
    rows = answer.get("predictions")
    if not isinstance(rows, list):
        raise _unreadable()
    found = dict(_prediction(row) for row in rows)
    if found.keys() != wanted or len(rows) != len(wanted):
        raise _unreadable()
    return Predictions(found, _text(answer.get("version")), degraded=answer.get("degraded") is True)


def _prediction(row: object) -> tuple[str, Prediction]:
    if not isinstance(row, dict) or row.get(LABEL) not in ("Yes", "No"):
        raise _unreadable()
    chances = row.get(f"{LABEL}_probabilities")
    chance = chances.get("Yes") if isinstance(chances, dict) else None
    return str(row.get("customer_id")), Prediction(row[LABEL], _probability(chance))


def _probability(value: object) -> float | None:
    """A probability, or None where a default answer has none; anything else is not believed."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _unreadable()
    if not math.isfinite(value) or not 0 <= value <= 1:
        raise _unreadable()
    return float(value)


def _job(answer: Document) -> Job:
    job = answer.get("job")
    if not isinstance(job, dict) or not isinstance(job.get("id"), str):
        raise _unreadable()
    if job.get("state") not in (*RUNNING_STATES, *FINAL_STATES):
        raise _unreadable()
    result, error = job.get("result"), job.get("error")
    return Job(
        id=job["id"],
        state=job["state"],
        progress=_probability(job.get("progress")) or 0.0,
        version=_text(result.get("version")) if isinstance(result, dict) else None,
        problem=_text(error.get("code")) if isinstance(error, dict) else None,
    )


def _text(value: object) -> str | None:
    """Names of versions and codes as text, whether they came as text or as a number."""
    return str(value)[:64] if isinstance(value, str | int) and not isinstance(value, bool) else None
