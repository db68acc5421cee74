"""What a person who is no expert should know of a service's data before a model learns from it."""

from __future__ import annotations

from collections.abc import Iterator

from minerva.algorithm import TrainingData
from minerva.layers.abstraction.services.declaration import ServiceDeclaration
from minerva.layers.abstraction.validation.checks import odd
from minerva.layers.abstraction.validation.finding import Finding
from minerva.layers.abstraction.validation.leaks import leaks
from minerva.layers.abstraction.validation.report import DataReport
from minerva.schema import FieldType, Schema

ROWS_PER_INPUT = 10
"""A rule of thumb of regression (Harrell, Regression Modeling Strategies, 2015): fewer rows for each
input than ten to twenty, and a model learns chance."""
FEW_OF_A_CLASS = 20
SIMPLE = "linear."


def advise(
    declaration: ServiceDeclaration, data: TrainingData, report: DataReport
) -> list[Finding]:
    """Return what is worth knowing of the declared data, in the order of its weight."""
    classes = list(_classes(report))
    told = {one.about for one in classes}
    return [
        *_leaks(data),
        *_time(declaration),
        *_size(declaration, report),
        *classes,
        *(one for one in odd(report) if one.about not in told),
    ]


def _leaks(data: TrainingData) -> Iterator[Finding]:
    target = data.inputs.schema.target()[0]
    for name in leaks(data):
        yield Finding(
            name,
            f"{name} alone tells {target} nearly without error: it is probably known only afterwards.",
            "If it is not known when you ask, write `use: false` for it.",
        )


def _time(declaration: ServiceDeclaration) -> Iterator[Finding]:
    moments = [
        name
        for name, field in declaration.schema.inputs.items()
        if field.type is FieldType.TIMESTAMP and not field.pii
    ]
    if moments and declaration.training.split is None:
        yield Finding(
            moments[0],
            "Rows have a time, but are held out at random: how good the model is in future is unknown.",
            f"If {moments[0]} is when the row happened, write "
            f"`training: {{split: {{by: time, field: {moments[0]}}}}}`.",
        )


def _size(declaration: ServiceDeclaration, report: DataReport) -> Iterator[Finding]:
    inputs = _width(declaration.schema)
    simple = declaration.algorithm.startswith(SIMPLE)
    if report.rows < ROWS_PER_INPUT * inputs and not simple:
        yield Finding(
            "rows",
            f"{report.rows:,} rows are few for {inputs} inputs (each value of a category counts).",
            "Bring more rows, set `use: false` on what matters least, or take a linear algorithm.",
        )


def _width(schema: Schema) -> int:
    """Return the inputs as a model counts them."""
    used = [schema.inputs[name] for name in schema.features]
    return sum(max(1, len(field.values) - 1) for field in used)


def _classes(report: DataReport) -> Iterator[Finding]:
    for name, share in report.classes.items():
        rows = round(share * report.rows)
        if 0 < rows < FEW_OF_A_CLASS:
            yield Finding(
                f"answer {name}",
                f"{name!r} is the answer of {rows} rows only: hardly anything can be learnt of it.",
                "Bring more such rows, or join it with another answer.",
            )
        elif not rows:
            yield Finding(
                f"answer {name}",
                f"No row has the answer {name!r}: it will never be predicted.",
                "Take it out of the output's values, or bring rows that have it.",
            )
