"""What this process answered, per version: counts and times since it began."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

SIZES = 64
"""So many different batch sizes are counted one by one, for each version."""


@dataclass
class Duration:
    """How often, and how long in all."""

    count: int = 0
    seconds: float = 0.0

    def add(self, seconds: float) -> None:
        """Count once more."""
        self.count += 1
        self.seconds += seconds


@dataclass
class Stages:
    """From a body to a question, from there to an answer, and from there to a body."""

    count: int = 0
    read_s: float = 0.0
    predict_s: float = 0.0
    write_s: float = 0.0

    @property
    def seconds(self) -> float:
        """How long all of it took."""
        return self.read_s + self.predict_s + self.write_s

    def add(self, times: tuple[float, float, float]) -> None:
        """Count a call; `times` in seconds."""
        self.count += 1
        self.read_s += times[0]
        self.predict_s += times[1]
        self.write_s += times[2]


@dataclass
class Series:
    """What is known of one version."""

    rows: int = 0
    last_at: float = 0.0
    """Seconds since 1970-01-01 UTC."""
    success: Stages = field(default_factory=Stages)
    fail: Duration = field(default_factory=Duration)
    sizes: dict[int, Stages] = field(default_factory=dict)
    """Rows of a call → its stages."""


Name = tuple[str, str, str]
"""Tenant, service and version."""


@dataclass
class Statistics:
    """Counts calls of all protocols."""

    clock: Callable[[], float] = time.time
    _series: dict[Name, Series] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answered(self, name: Name, rows: int, times: tuple[float, float, float]) -> None:
        """Count an answered call."""
        with self._lock:
            series = self._of(name)
            series.rows += rows
            series.last_at = self.clock()
            series.success.add(times)
            size = series.sizes.get(rows)
            if size is None and len(series.sizes) < SIZES:
                size = series.sizes[rows] = Stages()
            if size is not None:
                size.add(times)

    def failed(self, name: Name, seconds: float) -> None:
        """Count a call that got an error."""
        with self._lock:
            self._of(name).fail.add(seconds)

    def of(self, tenant: str, service: str) -> Iterator[tuple[str, Series]]:
        """Give the versions of a service that were asked, with what is known of them."""
        for (owner, name, version), series in list(self._series.items()):
            if (owner, name) == (tenant, service):
                yield version, series

    def _of(self, name: Name) -> Series:
        series = self._series.get(name)
        if series is None:
            series = self._series[name] = Series()
        return series
