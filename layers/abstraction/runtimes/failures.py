"""What a process says went wrong, as the error of `minerva.errors` to raise for it."""

from __future__ import annotations

from collections.abc import Sequence

from minerva import errors
from minerva.errors import AlgorithmFailed, Fault, MinervaError

_BY_CODE: dict[str, type[MinervaError]] = {
    error.code: error
    for error in (
        errors.InvalidInput,
        errors.InvalidData,
        errors.InvalidConfiguration,
        errors.NotFound,
        errors.TooLarge,
        errors.Conflict,
        errors.Unavailable,
        errors.DeadlineExceeded,
    )
}
"""What a plugin may say; of anything else, it failed."""


def failure(code: str, message: str, faults: Sequence[Fault] = ()) -> MinervaError:
    """Return the error with this code."""
    return _BY_CODE.get(code, AlgorithmFailed)(message, faults=faults)
