"""JSON Schema (2020-12) of a service's records and predictions, with an example of each."""

from __future__ import annotations

from typing import Any

from minerva.schema import Field, FieldType, Schema, example

_TYPES = {
    FieldType.INTEGER: "integer",
    FieldType.NUMBER: "number",
    FieldType.BOOLEAN: "boolean",
    FieldType.TEXT: "string",
    FieldType.TIMESTAMP: "string",
}
_KEY = {"type": ["string", "integer", "null"], "description": "Identifies the record; echoed."}
CHANCE = {"type": "number", "minimum": 0, "maximum": 1}


def record_schema(schema: Schema) -> dict[str, Any]:
    """Return the schema of one record that a caller sends."""
    properties: dict[str, Any] = {}
    if schema.key is not None:
        properties[schema.key] = {**_KEY, "examples": ["A-1"]}
    properties |= {name: field_schema(field) for name, field in schema.inputs.items()}
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [name for name, field in schema.inputs.items() if field.required],
        "properties": properties,
        "examples": [example_record(schema)],
    }


def prediction_schema(schema: Schema) -> dict[str, Any]:
    """Return the schema of one prediction. A declared default has no probabilities."""
    properties: dict[str, Any] = {schema.key: dict(_KEY)} if schema.key else {}
    for name, field in schema.output.items():
        properties |= _output(name, field)
    properties |= _confidence(*schema.target())
    properties["explanation"] = {
        "type": "object",
        "description": "Contribution of each input, if `explain` was asked for.",
        "additionalProperties": {"type": "number"},
    }
    return {
        "type": "object",
        "required": list(schema.output),
        "properties": properties,
        "examples": [example_prediction(schema)],
    }


def _confidence(name: str, field: Field) -> dict[str, Any]:
    """Return the member that tells how sure an answer is."""
    if field.type in {FieldType.CATEGORY, FieldType.BOOLEAN}:
        says = "Chance that the answer is right, if `confidence` was asked for."
        return {f"{name}_confidence": {"type": "number", "description": says}}
    says = "Holds the truth for 90 of 100 such records, if `confidence` was asked for."
    ends = {"low": {"type": "number"}, "high": {"type": "number"}}
    return {f"{name}_interval": {"type": "object", "description": says, "properties": ends}}


def field_schema(field: Field) -> dict[str, Any]:
    """Return the schema of one value."""
    made: dict[str, Any] = {}
    description = _description(field)
    if description:
        made["description"] = description
    if field.type is FieldType.CATEGORY:
        made["enum"] = [*field.values, *([None] if field.nullable else [])]
    else:
        kind = _TYPES[field.type]
        made["type"] = [kind, "null"] if field.nullable else kind
    if field.type is FieldType.TIMESTAMP:
        made["format"] = "date-time"
    if field.minimum is not None:
        made["minimum"] = example.plain_number(field.minimum)
    if field.maximum is not None:
        made["maximum"] = example.plain_number(field.maximum)
    if field.default is not None:
        made["default"] = field.default
    made["examples"] = [example.example_value(field)]
    return made


def example_record(schema: Schema) -> dict[str, Any]:
    """Return a record that the service accepts."""
    key = {schema.key: "A-1"} if schema.key else {}
    return key | example.example_record(schema)


def example_prediction(schema: Schema) -> dict[str, Any]:
    """Return what an answer to that record looks like."""
    made: dict[str, Any] = {schema.key: "A-1"} if schema.key else {}
    for name, field in schema.output.items():
        made[name] = example.example_value(field)
        if field.type is FieldType.CATEGORY:
            share = round(1 / len(field.values), 6)
            made[f"{name}_probabilities"] = {str(value): share for value in field.values}
        elif field.type is FieldType.BOOLEAN:
            made[f"{name}_probability"] = 0.5
    return made


def _output(name: str, field: Field) -> dict[str, Any]:
    made = {name: field_schema(field)}
    if field.type is FieldType.CATEGORY:
        made[f"{name}_probabilities"] = {
            "type": "object",
            "description": "Probability of each value, if the algorithm gives any.",
            "properties": {str(value): CHANCE for value in field.values},
        }
    elif field.type is FieldType.BOOLEAN:
        made[f"{name}_probability"] = {**CHANCE, "description": "Probability of true."}
    return made


def _description(field: Field) -> str:
    unit = f"Unit: {field.unit}." if field.unit else ""
    unused = "" if field.use else "Accepted, not used by the model."
    said = field.description.strip()
    if said and said[-1] not in ".!?":
        said += "."
    return " ".join(part for part in (said, unit, unused) if part)
