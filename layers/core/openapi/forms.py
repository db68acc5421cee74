"""The forms beside JSON in which a prediction is asked and answered."""

from __future__ import annotations

from minerva.layers.core.openapi import wishes
from minerva.layers.core.openapi.components import TEXT, Content
from minerva.layers.core.openapi.operations import parameter
from minerva.layers.core.openapi.uploads import HOW

FORMS = ("text/csv", "application/x-ndjson", "application/xml", "text/xml")


def with_other_forms(predict: Content) -> Content:
    """Return the operation that predicts, in every form; the answer has the body's unless told."""
    content = {one: {"schema": TEXT} for one in FORMS}
    predict["requestBody"]["content"] |= content
    predict["responses"]["200"]["content"] |= content
    predict["parameters"] = [
        *(parameter(name, "query", one, f"{name} of a CSV body") for name, one in HOW.items()),
        *wishes.query("CSV, NDJSON and XML"),
        *predict["parameters"],
    ]
    return predict
