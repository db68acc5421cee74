"""Callers of the first hour write Yes and No where the legacy table keeps 1 and 0."""

from typing import Any

from minerva import hookimpl
from minerva.events import PredictCall

FLAGS = (
    "female", "senior_citizen", "partner", "dependents", "phone_service", "paperless_billing",
)  # fmt: skip
WRITTEN = {"Yes": 1, "No": 0}


@hookimpl
def minerva_before_predict(call: PredictCall) -> list[Any] | None:
    """Write their answers as the schema wants them; whoever does so already is left alone."""
    if call.service != "churn":
        return None
    return [translated(record) for record in call.records]


def translated(record: Any) -> Any:
    """Return a record with numbers for flags."""
    if not isinstance(record, dict):
        return record
    written = {name: record[name] for name in FLAGS if isinstance(record.get(name), str)}
    return {**record, **{name: WRITTEN.get(value, value) for name, value in written.items()}}
