"""`post: join`: what several steps made, side by side."""

from __future__ import annotations

from typing import Any

from minerva import Items, Step, StepContext
from minerva.step import Columns, Fields


class Join(Step):
    """Its inputs as they are, under the names that `inputs` gives them."""

    name = "join"
    role = "post"

    def outputs(self, inputs: Fields, parameters: Any) -> Fields:
        """Return the inputs."""
        del parameters
        return inputs

    def run(self, items: Items, context: StepContext) -> Columns:
        """Return the columns."""
        del context
        return items.columns
