"""Every error that Minerva raises on purpose. Knows no HTTP: `layers.core.http.problems` translates.

Each class has a stable `code` that callers may rely on. A message is one clear sentence that says what
is wrong, where, and what to do; it never holds a payload value, a secret or a stack trace.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong at one place.

    `where` is a JSON pointer (`/records/0/tenure`), `file:line` or `column "x", row 7`.
    """

    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message


class MinervaError(Exception):
    """Base of all; never raised itself."""

    code: ClassVar[str] = "internal"

    def __init__(self, message: str, *, faults: Sequence[Fault] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.faults = tuple(faults)

    def __str__(self) -> str:
        return "\n".join([self.message, *(f"  {fault}" for fault in self.faults)])


class InvalidInput(MinervaError):
    """Well-formed records that do not fit the service's schema, or an argument out of its range."""

    code = "invalid_input"


class InvalidBody(MinervaError):
    """A request body that cannot be read: truncated, wrong content type, duplicate keys, too deep."""

    code = "invalid_body"


class TooLarge(MinervaError):
    """More bytes or more records than the settings allow."""

    code = "too_large"


class NotFound(MinervaError):
    """A service, version, job, key or file that does not exist for this tenant."""

    code = "not_found"


class Conflict(MinervaError):
    """The request contradicts the present state: a job that has ended, goldens that fail."""

    code = "conflict"


class NotAuthenticated(MinervaError):
    """No credential, or one that is unknown, revoked or malformed."""

    code = "not_authenticated"


class NotPermitted(MinervaError):
    """A valid credential without the scope that the call needs."""

    code = "not_permitted"


class Unavailable(MinervaError):
    """Cannot be done now, may be later: no version serves yet, storage locked or full, queue away."""

    code = "unavailable"

    def __init__(
        self, message: str, *, faults: Sequence[Fault] = (), retry_after_s: int = 1
    ) -> None:
        super().__init__(message, faults=faults)
        self.retry_after_s = retry_after_s


class DeadlineExceeded(MinervaError):
    """The service's own deadline passed before the model answered."""

    code = "deadline_exceeded"


class AlgorithmFailed(MinervaError):
    """A plugin raised, or returned what its output schema does not allow."""

    code = "algorithm_failed"


class StepFailed(AlgorithmFailed):
    """A step of a flow failed; the message names the step, and the item where it is only one."""

    code = "step_failed"


class InvalidConfiguration(MinervaError):
    """A setting, a YAML file or a schema that cannot be used; faults name file and line."""

    code = "invalid_configuration"


class InvalidData(MinervaError):
    """Training or lookup data that contradicts the schema or cannot be learnt from."""

    code = "invalid_data"
