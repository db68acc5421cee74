"""From an error to one sentence on stderr and an exit code: 1 failed, 2 misuse."""

from __future__ import annotations

import os
import traceback
from pathlib import Path
from typing import IO, Any

import click

from minerva.errors import (
    InvalidBody,
    InvalidConfiguration,
    InvalidInput,
    MinervaError,
    NotAuthenticated,
)

DEBUG_VARIABLE = "MINERVA_DEBUG"
KEYS = """
  This program takes its key from --key-file, $MINERVA_API_KEY or the workspace's own (.minerva/admin.key),
  the last only for the workspace's own sidecar: with --url, name it by --key-file."""
_MISUSE = (InvalidConfiguration, InvalidInput, InvalidBody)


class Failure(click.ClickException):
    """An error of ours as click shows it."""

    def __init__(self, error: MinervaError) -> None:
        hint = KEYS if isinstance(error, NotAuthenticated) else ""
        super().__init__(f"{error}{hint}")
        # click declares a class variable; here the code differs from error to error
        self.__dict__["exit_code"] = 2 if isinstance(error, _MISUSE) else 1

    def show(self, file: IO[Any] | None = None) -> None:
        """Write the sentence, and the faults below it."""
        sentence, *faults = self.message.split("\n")
        click.secho(sentence, fg="red", err=True, file=file)
        for fault in faults:
            click.echo(fault, err=True, file=file)


class Unexpected(click.ClickException):
    """An error that nobody foresaw: named, not spread out."""

    exit_code = 1

    def __init__(self, error: Exception) -> None:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        super().__init__(
            f"Minerva itself failed: {type(error).__name__} in {Path(frame.filename).name}:"
            f"{frame.lineno}. Run it again with {DEBUG_VARIABLE}=1 to see everything."
        )

    def show(self, file: IO[Any] | None = None) -> None:
        """Write the sentence."""
        click.secho(self.message, fg="red", err=True, file=file)


def debugging() -> bool:
    """Whether tracebacks were asked for."""
    return os.environ.get(DEBUG_VARIABLE, "") not in {"", "0"}
