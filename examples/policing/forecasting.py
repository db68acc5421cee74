"""Has a flow learn in a workspace of its own, and asks it for every cell of the later intervals."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import structlog

from minerva.bootstrap import open_job
from minerva.layers.abstraction.services.extending import read_extended
from minerva.layers.abstraction.services.parsing import parse
from minerva.layers.abstraction.serving.terms import Terms
from minerva.schema import Decoder
from minerva.settings import load
from policing.judging import Floats
from policing.study import HERE, Study

LEFT_OUT = shutil.ignore_patterns("data", ".minerva", "__pycache__", "*.html")


def forecast(study: Study, events: pd.DataFrame) -> Floats:
    """Return the flow's forecast of the later intervals, shape (intervals, cells).

    It learns as `minerva train` has it learn, and is asked as a caller asks.
    """
    with tempfile.TemporaryDirectory() as name:
        workspace = workspace_of(study, events, Path(name))
        answers = trained(workspace, study.flow, study.questions(study.later()))
    return answers.reshape(len(study.later()), -1)


def workspace_of(study: Study, events: pd.DataFrame, folder: Path) -> Path:
    """Return a copy of this workspace with the data that the study's flow learns from."""
    workspace = Path(shutil.copytree(HERE, folder / "workspace", ignore=LEFT_OUT))
    declared = read_extended(workspace / "flows" / f"{study.flow}.yaml").value
    known = declared["parameters"]["steps"]["known"]["parameters"]["path"]
    (workspace / known).parent.mkdir(exist_ok=True)
    events.to_csv(workspace / known, index=False)
    study.training(events).to_csv(workspace / declared["data"]["path"], index=False)
    return workspace


@contextmanager
def quietly() -> Iterator[None]:
    """Let the log say errors only, while a study trains flow after flow."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    try:
        yield
    finally:
        structlog.configure(**before)


def trained(workspace: Path, flow: str, questions: pd.DataFrame) -> Floats:
    """Have a flow learn, and return its answers, shape (questions,)."""
    asked = [dict(zip(questions, row, strict=True)) for row in questions.itertuples(index=False)]
    with quietly(), open_job(load(workspace, {})) as container:
        declared = parse(read_extended(workspace / "flows" / f"{flow}.yaml").value)
        configuration = container.registry.declare("default", declared, "study")
        made = container.versioning.make(
            configuration, job_id=None, author="study", progress=lambda *_, **__: None
        )
        version = container.registry.version("default", flow, made["version"])
        model = container.versioning.loader.load(version, Terms()).model
        answers = model.predict(Decoder(declared.schema).records(asked))
    (found,) = answers.values()
    return np.asarray(found, np.float64)
