"""How the product speaks about the probability that a customer leaves: three bands."""

import enum
from dataclasses import dataclass


class Band(enum.StrEnum):
    """Low, medium or high risk of leaving."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @property
    def limits(self) -> tuple[float, float]:
        """The probabilities of this band: from the first up to, but without, the second."""
        return _LIMITS[self]


_LIMITS = {Band.LOW: (0.0, 0.3), Band.MEDIUM: (0.3, 0.6), Band.HIGH: (0.6, 1.01)}


def band_of(probability: float | None) -> Band | None:
    """The band that a probability falls into, or None for none."""
    if probability is None:
        return None
    return next(band for band, (low, high) in _LIMITS.items() if low <= probability < high)


@dataclass(frozen=True, slots=True)
class Risk:
    """A live prediction as a page shows it; with a `reason` there is none."""

    request_id: str
    milliseconds: float
    churn: str | None = None
    probability: float | None = None
    version: str | None = None
    degraded: bool = False
    reason: str | None = None

    @property
    def band(self) -> Band | None:
        """The band of the probability, if there is one."""
        return band_of(self.probability)
