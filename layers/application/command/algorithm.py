"""`command`: trains and loads models that a program in any language learns and keeps."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import ClassVar, Literal

from minerva import (
    Algorithm,
    AlgorithmFailed,
    Context,
    InvalidData,
    Model,
    TrainingContext,
    TrainingData,
)
from minerva.layers.application.command.model import (
    EXPLAIN,
    FACTS,
    FILES,
    SAVED,
    CommandModel,
    Launch,
    SilentModel,
    refused,
)
from minerva.layers.application.command.parameters import CommandParameters
from minerva.layers.application.command.program import carry, program_of
from minerva.layers.application.command.records import write_training_file
from minerva.runner import Conversation

TRAIN = "train"
DATA = "data.ndjson"


class Command(Algorithm):
    """A program in any language that speaks the runner protocol on standard input and output."""

    name = "command"
    runtime: ClassVar[Literal["inline", "process"]] = "process"
    Parameters = CommandParameters
    thread_safe = False

    def train(self, data: TrainingData, context: TrainingContext) -> Model:
        """Have the program learn, then load what it saved in a fresh process.

        A program that cannot train is a finished model: it is loaded from its files alone. Raises
        InvalidData with the program's words, InvalidConfiguration, or AlgorithmFailed.
        """
        folder = _temporary()
        try:
            (folder / FILES).mkdir()
            (folder / SAVED).mkdir()
            carry(context.parameters, context.workspace, folder / FILES)
            if not any((folder / FILES).iterdir()):
                (folder / FILES).rmdir()
            launch = _launch(folder, folder, context)
            with launch.start() as conversation:
                if TRAIN in conversation.hello.capabilities:
                    _train(conversation, launch, data, context, folder)
            _check_saved(folder / SAVED, launch)
            return _loaded(launch, folder, folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def load(self, folder: Path, context: Context) -> Model:
        """Start the program and have it load what it saved; it stays, to be asked."""
        if not (folder / FACTS).is_file():
            raise AlgorithmFailed("This is no model of algorithm command: it has no runner.json.")
        scratch = _temporary()
        try:
            return _loaded(_launch(folder, scratch, context), folder, scratch)
        except BaseException:
            shutil.rmtree(scratch, ignore_errors=True)
            raise


def _temporary() -> Path:
    return Path(tempfile.mkdtemp(prefix="minerva-command-"))


def _launch(folder: Path, scratch: Path, context: Context) -> Launch:
    program = program_of(context.parameters, context.workspace, folder / FILES, scratch)
    return Launch(program, context.schema, context.parameters, context.threads)


def _train(
    conversation: Conversation,
    launch: Launch,
    data: TrainingData,
    context: TrainingContext,
    folder: Path,
) -> None:
    file = folder / DATA
    write_training_file(data, file)
    answer = conversation.ask(
        TRAIN,
        launch.parameters.train_s,
        context.progress,
        **launch.told(folder / SAVED),
        seed=context.seed,
        data=str(file),
        rows=len(data),
    )
    file.unlink()
    if answer.refusal is not None and answer.refusal.code == "invalid_data":
        raise InvalidData(f"Runner `{launch.program}` cannot learn: {answer.refusal.message}")
    if answer.result != {}:
        raise refused(launch.program, TRAIN, answer)
    conversation.bye()


def _check_saved(saved: Path, launch: Launch) -> None:
    """A version is copied, sealed and moved to other machines: files and folders can be."""
    for path in saved.rglob("*"):
        mode = path.lstat().st_mode
        if not S_ISREG(mode) and not S_ISDIR(mode):
            raise AlgorithmFailed(
                f"Runner `{launch.program}` saved what is neither file nor folder, such as a link."
            )


def _loaded(launch: Launch, folder: Path, temporary: Path) -> Model:
    if not (folder / SAVED).is_dir():  # nothing was saved, and stores keep no empty folders
        (temporary / SAVED).mkdir()
        saved = temporary
    else:
        saved = folder
    model = CommandModel(launch, folder, saved / SAVED, temporary)
    return model if EXPLAIN in model.hello().capabilities else SilentModel(model)
