"""What is asked and what is answered, whatever the transport."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from minerva.layers.abstraction.serving.answers import Answered, Answers, Content, in_rows
from minerva.layers.abstraction.serving.wishes import NONE, Wishes
from minerva.schema import Batch
from minerva.schema.columns import Columns, Where, rows_of


@dataclass(frozen=True)
class Question:
    """What is asked: records as JSON objects, keys to look up, or columns; exactly one of them."""

    records: Sequence[Any] | None = None
    keys: Sequence[Any] | None = None
    columns: Columns | None = None
    version: int | None = None
    """Which version alone shall answer; None: whichever the aliases say."""
    where: Where | None = None
    """Where the values of `columns` stand in what was sent."""
    batch: Batch | None = None
    """What `records` or `columns` say by the batch's schema, where they were read straight."""
    wishes: Wishes = NONE
    """What to tell beside each prediction."""

    def __len__(self) -> int:
        """How many predictions are asked for."""
        if self.columns is not None:
            return rows_of(self.columns)
        return len(self.records if self.records is not None else self.keys or ())

    def __bool__(self) -> bool:
        """Hold, however many predictions are asked for."""
        return True

    def wishing(self, wishes: Wishes) -> Question:
        """Return the question with these wishes, too."""
        return replace(self, wishes=self.wishes | wishes) if wishes else self


@dataclass(frozen=True)
class Answer:
    """One prediction per record or key, in order. `degraded`: the declared default, not a model."""

    content: Content
    """In columns, or in rows where they have no common form: a default, versions that differ in it."""
    service: str
    version: str | None
    degraded: bool
    job_id: str | None
    """The job that made the version, so that one log tells the whole story."""
    versions: list[str] | None = None
    """Per prediction, which version made it; only where a challenger takes part."""
    code: str | None = None
    """Code of the error that a degraded answer stands for."""

    def __len__(self) -> int:
        return len(self.content)

    @property
    def outputs(self) -> Mapping[str, Answered] | None:
        """Output → its columns, or None where there are only rows."""
        return self.content.outputs if isinstance(self.content, Answers) else None

    @property
    def keys(self) -> Sequence[Any] | None:
        """The records' keys beside `outputs`, where the schema has a key."""
        return self.content.keys if isinstance(self.content, Answers) else None

    @property
    def objects(self) -> list[Any]:
        """The rows for who only encodes them."""
        return self.content.objects() if isinstance(self.content, Answers) else self.content

    @cached_property
    def predictions(self) -> list[dict[str, Any]]:
        """The rows, as JSON shows them."""
        return in_rows(self.content)
