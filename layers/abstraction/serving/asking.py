"""Asking one loaded version, through its circuit breaker."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import get_ident
from typing import Any

import numpy as np
import structlog
from numpy.typing import NDArray

from minerva.algorithm import Explains
from minerva.errors import (
    AlgorithmFailed,
    DeadlineExceeded,
    Fault,
    InvalidInput,
    MinervaError,
    Unavailable,
)
from minerva.layers.abstraction.evaluation.confidence import read
from minerva.layers.abstraction.registry.records import Version
from minerva.layers.abstraction.routing.circuit import CircuitState
from minerva.layers.abstraction.serving.answers import Answers
from minerva.layers.abstraction.serving.contributions import contributions
from minerva.layers.abstraction.serving.loading import LoadedVersion
from minerva.layers.abstraction.serving.wishes import NONE, Wishes
from minerva.schema import Batch

log = structlog.get_logger()

Quarantine = Callable[[Version, str], None]
"""Takes a version out of service; returns at once, the change happens off the request path."""
FAILURES = (AlgorithmFailed, DeadlineExceeded, Unavailable)
"""Why a version does not answer; a caller's bad input is none of them."""
NAMES_CLUSTERS = "clustering"
"""The kind of problem whose numbers are names."""
OWN_FAULTS = (AlgorithmFailed, DeadlineExceeded)
"""What a version is to blame for. A process that is only just starting is not."""


@dataclass
class Asking:
    """One call's questions to versions. A call that nobody waits for any more blames no one twice."""

    quarantine: Quarantine
    wishes: Wishes = NONE
    _asked: LoadedVersion | None = None
    _thread: int = 0
    _abandoned: bool = False

    def ask(self, loaded: LoadedVersion, batch: Batch) -> Answers:
        """Return an answer per record. Raises Unavailable while the circuit is open, or what went wrong."""
        if not loaded.circuit.admit():
            raise _resting(loaded)
        self._asked, self._thread = loaded, get_ident()
        try:
            answers = _answers(loaded, batch, self.wishes.explain)
            if self.wishes.confidence:
                sure = _confidences(loaded, answers, self.wishes.confidence)
                answers = replace(answers, confidences=sure)
        except OWN_FAULTS as error:
            if not self._abandoned:
                self._failed(loaded, error)
            raise
        if not self._abandoned:
            loaded.circuit.succeeded()
        return answers

    def abandon(self, error: DeadlineExceeded) -> None:
        """The deadline passed: whoever was being asked is to blame."""
        self._abandoned = True
        if self._asked is None:
            return
        starting = getattr(self._asked.model, "starting", None)
        if starting is None or not starting(self._thread):
            self._failed(self._asked, error)

    def _failed(self, loaded: LoadedVersion, error: MinervaError) -> None:
        if loaded.circuit.failed():
            self.quarantine(loaded.version, f"It kept failing: {error.message}")


def asked_at_once(loaded: LoadedVersion, batch: Batch) -> Answers | None:
    """Return a version's answers to several calls' records, None if each call must be asked alone.

    That tells what is wrong, and with which call.
    """
    if loaded.circuit.state is not CircuitState.CLOSED:
        return None
    try:
        answers = Answers.of(batch, loaded.model.predict(batch))
    except (Exception, SystemExit):
        version = loaded.version
        facts = {"tenant": version.tenant, "service": version.service, "version": version.number}
        log.warning("prediction.asked_alone", **facts, exc_info=True)
        return None
    loaded.circuit.succeeded()
    return answers


def _resting(loaded: LoadedVersion) -> Unavailable:
    version = loaded.version
    return Unavailable(
        f"Version {version.number} of service {version.service!r} keeps failing "
        "and is left alone for a while.",
        retry_after_s=max(1, math.ceil(loaded.circuit.retry_after_s)),
    )


def _answers(loaded: LoadedVersion, batch: Batch, explain: str) -> Answers:
    try:
        answers = Answers.of(batch, loaded.model.predict(batch))
        if explain:
            return replace(answers, contributions=_contributions(loaded, batch, explain))
    except MinervaError:
        raise
    except (Exception, SystemExit) as error:
        algorithm = loaded.version.manifest["algorithm"]
        log.exception("prediction.raised", version=loaded.version.number, algorithm=algorithm)
        raise AlgorithmFailed(
            f"The model of service {loaded.version.service!r} (algorithm {algorithm}) failed."
        ) from error
    return answers


def _confidences(
    loaded: LoadedVersion, answers: Answers, where: str
) -> dict[str, NDArray[np.float64]]:
    """Return output → how sure its answers are. Raises InvalidInput where the version does not know."""
    known = read(loaded.version.manifest)
    if not known:
        raise InvalidInput(
            "This service cannot tell how sure its predictions are.",
            faults=[Fault(where, "too few rows with their truth were held out; leave it out")],
        )
    return {name: one.of(answers.outputs[name]) for name, one in known.items()}


def _contributions(loaded: LoadedVersion, batch: Batch, where: str) -> NDArray[Any]:
    if isinstance(loaded.model, Explains):
        return loaded.model.explain(batch)
    usual = None if loaded.background is None else loaded.background.records()
    if usual is None:
        raise InvalidInput(
            "This service cannot explain its predictions.",
            faults=[Fault(where, "its model learnt from no data; leave it out")],
        )
    labels = loaded.version.manifest.get("problem") == NAMES_CLUSTERS
    return contributions(loaded.model, usual, batch, labels=labels, where=where)
