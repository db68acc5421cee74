"""Telling plugins of a training, whichever way it ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from minerva.errors import MinervaError
from minerva.events import Training, TrainingResult
from minerva.layers.abstraction.callbacks.tell import Tell


def around_training(
    tell: Tell, training: Training, make: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """Return the result of `make`, which is told of before and after. Raises what it raises."""
    started = time.monotonic()
    tell("minerva_before_train", training=training)
    try:
        made = make()
    except BaseException as error:
        code = error.code if isinstance(error, MinervaError) else MinervaError.code
        failed = TrainingResult(seconds=time.monotonic() - started, code=code)
        tell("minerva_after_train", training=training, result=failed)
        raise
    ended = TrainingResult(
        seconds=time.monotonic() - started,
        version=made["version"],
        metrics=made["metrics"],
        promoted=made["promoted"],
        verdict=made["verdict"],
    )
    tell("minerva_after_train", training=training, result=ended)
    return made
