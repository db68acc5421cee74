"""What a rule answers: constants, or expressions for numbers and booleans."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from minerva import Batch, Field, FieldType, InvalidConfiguration, Schema
from minerva.errors import Fault
from minerva.layers.application.answers import Written, answer, outputs_faults
from minerva.layers.application.rules.columns import truth
from minerva.layers.application.rules.compiler import compile_expression
from minerva.layers.application.rules.kinds import Kind
from minerva.layers.application.rules.source import Source


@dataclass(frozen=True)
class Answer:
    """One output's prediction for a whole batch."""

    run: Callable[[Batch], NDArray[np.float64]]
    optional: bool = False
    """Whether it may be NaN, because the expression's value is missing."""


def compile_answers(
    written: Mapping[str, Written], schema: Schema, where: str, *, complete: bool
) -> tuple[dict[str, Answer], list[Fault]]:
    """Compile every output's answer, with all that is wrong; `complete` refuses optional ones."""
    faults = outputs_faults(schema.output, written, where)
    answers: dict[str, Answer] = {}
    for name, field in schema.output.items():
        if name in written:
            result = _compile(field, written[name], schema, complete)
            if isinstance(result, Answer):
                answers[name] = result
            else:
                faults.append(Fault(f"{where}/{name}", result))
    return answers, faults


def fault_text(error: InvalidConfiguration) -> str:
    """Return an expression's error as one fault: its place in the text, what is wrong, the caret."""
    return "; ".join(str(fault) for fault in error.faults)


def _compile(field: Field, written: Written, schema: Schema, complete: bool) -> Answer | str:  # noqa: FBT001 - private, named at its only call
    if isinstance(written, str) and field.type is not FieldType.CATEGORY:
        return _expression(field, written, schema, complete)
    value = answer(field, written)
    if isinstance(value, str):
        return value
    return Answer(lambda batch: np.broadcast_to(value, (len(batch), *value.shape)))


def _expression(field: Field, written: str, schema: Schema, complete: bool) -> Answer | str:  # noqa: FBT001 - as above
    kind = Kind.TRUTH if field.type is FieldType.BOOLEAN else Kind.NUMBER
    try:
        compiled = compile_expression(written, schema, kind)
        if kind is Kind.TRUTH:
            return Answer(lambda batch: truth(compiled.run(batch)).astype(np.float64))
        if complete and compiled.optional:
            raise Source(written).error(0, "this may be missing; write default(…, a number)")
    except InvalidConfiguration as error:
        return fault_text(error)
    return Answer(compiled.run, compiled.optional)
