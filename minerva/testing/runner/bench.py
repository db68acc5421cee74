"""A runner on the bench: started, taught and asked as Minerva would."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from minerva.runner import Answer, Conversation, Program
from minerva.testing.runner.answers import expect, expect_nothing, predictions
from minerva.testing.runner.data import DataSet

SEED = 7
Columns = Mapping[str, list[Any]]


@dataclass(frozen=True)
class Waits:
    """Longest times in seconds: to start and to load, to answer, to train, and to end after `bye`."""

    start_s: float = 30.0
    answer_s: float = 10.0
    train_s: float = 300.0
    end_s: float = 5.0


@dataclass
class Bench:
    """One runner under test, its limits, and what it has saved."""

    program: Program
    waits: Waits
    options: Mapping[str, Any]
    folder: Path
    loaded: dict[str, Conversation] = field(default_factory=dict)

    def open(self) -> Conversation:
        """Start the program anew."""
        return Conversation.open(self.program, self.waits.start_s)

    def train(
        self, runner: Conversation, data: DataSet, name: str, rows: int | None = None
    ) -> Answer:
        """Have it learn into a folder called `name`; a file without lines if `rows` is 0."""
        file, folder = self.folder / f"{name}.ndjson", self.folder / name
        data.write(file, rows)
        folder.mkdir(exist_ok=True)
        return runner.ask(
            "train",
            self.waits.train_s,
            lambda fraction, message: None,  # noqa: ARG005 - progress may come, and is of no matter
            schema=data.schema,
            parameters=self.options,
            seed=SEED,
            threads=1,
            data=str(file),
            rows=len(data.records[:rows]),
            folder=str(folder),
        )

    def load(self, data: DataSet, name: str) -> Conversation:
        """Load what was saved under `name`, in a fresh process that stays for the next checks."""
        kept = self.loaded.get(name)
        if kept is not None and not kept.ended():
            return kept
        runner = self.loaded[name] = self.open()
        folder = self.folder / name
        expect(folder.is_dir(), "there is nothing to load, because training failed")
        answer = runner.ask(
            "load",
            self.waits.start_s,
            schema=data.schema,
            parameters=self.options,
            threads=1,
            folder=str(folder),
        )
        expect_nothing(answer, "load")
        return runner

    def predict(
        self, data: DataSet, columns: Columns, rows: int, name: str = "", **more: Any
    ) -> dict[str, list[Any]]:
        """Return the predictions for some records, checked against the schema."""
        runner = self.load(data, name or data.name)
        answer = runner.ask("predict", self.waits.answer_s, rows=rows, columns=columns, **more)
        return predictions(answer, data, rows)

    def close(self) -> None:
        """End what still runs."""
        for runner in self.loaded.values():
            runner.close()
