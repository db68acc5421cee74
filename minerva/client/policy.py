"""How a client deals with a sidecar that is away, late or busy."""

from __future__ import annotations

from dataclasses import dataclass

from minerva.errors import InvalidConfiguration


@dataclass(frozen=True)
class Policy:
    """Retries of what may be repeated, and breakers, one for the predictions of each service.

    `attempts`: how often one call is tried at most; 1 is never again. Pauses between are random, up to
    `first_pause_s`, doubling to `longest_pause_s`, on top of what `Retry-After` asks for.
    `retry_share`, `spare_retries`: all retries of a client are at most this share of its calls, and so
    many more. `breaker_failures`: after so many failures in a row a service is not asked for
    `breaker_open_s` seconds; None: it is asked always.
    """

    attempts: int = 3
    first_pause_s: float = 0.05
    longest_pause_s: float = 1.0
    retry_share: float = 0.1
    spare_retries: int = 10
    breaker_failures: int | None = 5
    breaker_open_s: float = 5.0

    def __post_init__(self) -> None:
        """Raise InvalidConfiguration for what makes no sense."""
        if self.attempts < 1 or (self.breaker_failures is not None and self.breaker_failures < 1):
            raise InvalidConfiguration("attempts and breaker_failures of a Policy are at least 1.")
        if not 0 <= self.retry_share <= 1:
            raise InvalidConfiguration("retry_share of a Policy is between 0 and 1.")
        lengths = (self.first_pause_s, self.longest_pause_s, self.breaker_open_s)
        if min(*lengths, self.spare_retries) < 0:
            raise InvalidConfiguration("Neither times nor spare_retries of a Policy are negative.")


DEFAULT_POLICY = Policy()
ONE_TRY = Policy(attempts=1, breaker_failures=None)
"""For those who want to see at once what is wrong: people, and programs that ask again themselves."""
