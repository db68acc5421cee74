"""Why nothing was made of one item, in a form that goes through queues and over HTTP."""

from __future__ import annotations

from typing import Any

import msgspec

from minerva import errors
from minerva.errors import AlgorithmFailed, InvalidInput, MinervaError


class Failure(msgspec.Struct, frozen=True):
    """An error's code and message."""

    code: str
    message: str

    @classmethod
    def of(cls, reason: str | MinervaError) -> Failure:
        """Return what a step told: a sentence is about what the caller sent."""
        if isinstance(reason, MinervaError):
            return cls(reason.code, reason.message)
        return cls(InvalidInput.code, str(reason))

    @classmethod
    def told(cls, plain: Any) -> Failure:
        """Return what another container told, whatever it is."""
        known = plain if isinstance(plain, dict) else {}
        code = str(known.get("code", AlgorithmFailed.code))
        return cls(code, str(known.get("message", "It does not say why.")))

    @property
    def error(self) -> MinervaError:
        """The error again; of an unknown code, that the step failed."""
        kinds = {kind.code: kind for kind in MinervaError.__subclasses__()}
        return kinds.get(self.code, errors.AlgorithmFailed)(self.message)
