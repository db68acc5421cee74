"""What one tuning is asked for: what the service declares, and what its caller says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec

from minerva.errors import Fault, InvalidInput
from minerva.layers.abstraction.services.declaration import (
    ServiceDeclaration,
    Strict,
    TuningDeclaration,
)


class Payload(Strict, frozen=True, omit_defaults=True):
    """What a caller may say."""

    trials: Annotated[int, msgspec.Meta(ge=1, le=10_000)] | None = None
    timeout_s: Annotated[float, msgspec.Meta(gt=0)] | None = None
    parallel: Annotated[int, msgspec.Meta(ge=1, le=100)] | None = None


@dataclass(frozen=True)
class Wishes:
    """A declared tuning as it is to be done this time."""

    tuning: TuningDeclaration

    @classmethod
    def read(cls, payload: Mapping[str, Any], declaration: ServiceDeclaration) -> Wishes:
        """Combine both. Raises InvalidInput; the fault has a JSON pointer."""
        try:
            asked = msgspec.convert(payload, Payload)
        except msgspec.ValidationError as error:
            message, _, path = str(error).partition(" - at `$.")
            fault = Fault(f"/{path.rstrip('`')}" if path else "", message.replace("`", "'"))
            raise InvalidInput(
                "A tuning takes trials, timeout_s and parallel.", faults=[fault]
            ) from error
        said = {name: value for name, value in msgspec.structs.asdict(asked).items() if value}
        return cls(msgspec.structs.replace(declaration.tuning or TuningDeclaration(), **said))

    @property
    def trials(self) -> int:
        """How many, besides the present parameters."""
        return self.tuning.trials

    @property
    def parallel(self) -> int:
        """How many at a time."""
        return self.tuning.parallel

    def until(self, now: datetime) -> str | None:
        """Return when the last trial may begin, as text; None: no matter when."""
        timeout = self.tuning.timeout_s
        return None if timeout is None else (now + timedelta(seconds=timeout)).isoformat()
