"""The routes that take training data, in the call that trains or in calls of their own."""

from __future__ import annotations

from minerva.layers.core.openapi.components import (
    NAME,
    TEXT,
    TIME,
    Content,
    json_content,
    member,
    ref,
)
from minerva.layers.core.openapi.operations import json_body, operation, parameter

FORMATS = {"enum": ["csv", "ndjson", "parquet"]}
HOW: Content = {
    "delimiter": {"type": "string", "pattern": '^[^"\\r\\n]$', "maxLength": 1},
    "encoding": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_.:-]{0,39}$"},
    "decimal": {"enum": [".", ","]},
}
COUNT: Content = {"type": "integer", "minimum": 0, "maximum": 10**15 - 1}
BINARY: Content = {"type": "string", "format": "binary"}
UPLOAD_ID = parameter("upload_id", "path", TEXT, "Id of an upload")


def _named_data() -> Content:
    """Return the schema of data that a call names."""
    return {
        "type": "object",
        "oneOf": [{"required": [place]} for place in ("path", "url", "upload")],
        "additionalProperties": False,
        "properties": {"path": TEXT, "url": TEXT, "upload": TEXT, "format": FORMATS, **HOW},
    }


def with_sent_data(train: Content) -> Content:
    """Return the operation that trains, on data that its body names or is, too."""
    types = ("text/csv", "application/x-ndjson", "application/vnd.apache.parquet")
    content = train["requestBody"]["content"]
    content["application/json"]["schema"]["properties"]["data"] = _named_data()
    content |= {one: {"schema": BINARY} for one in types}
    train["parameters"] = [
        *(
            parameter(name, "query", schema, f"{name} of CSV in the body")
            for name, schema in HOW.items()
        ),
        *train["parameters"],
    ]
    return train


def upload_paths() -> Content:
    """Return path → operations."""
    one = json_content(member("upload", ref("Upload")))
    remove = operation(
        "uploads", "remove_upload", "Give an upload up", {}, status=204, parameters=(UPLOAD_ID,)
    )
    del remove["responses"]["204"]["content"]
    get = operation(
        "uploads", "get_upload", "Tell how far an upload came", one, parameters=(UPLOAD_ID,)
    )
    return {
        "/v1/uploads": {"post": _begin(one)},
        "/v1/uploads/{upload_id}": {"get": get, "patch": _append(one), "delete": remove},
    }


def _begin(answer: Content) -> Content:
    body: Content = {
        "type": "object",
        "required": ["service", "format"],
        "additionalProperties": False,
        "properties": {"service": NAME, "format": FORMATS, "size": COUNT, **HOW},
    }
    return operation(
        "uploads",
        "begin_upload",
        "Begin to send training data in several calls",
        answer,
        status=201,
        says="Begun",
        body=json_body(body),
    )


def _append(answer: Content) -> Content:
    return operation(
        "uploads",
        "append_to_upload",
        "Send more of an upload",
        answer,
        parameters=(
            UPLOAD_ID,
            parameter("Upload-Offset", "header", COUNT, "How many bytes have come"),
            parameter("Upload-Length", "header", COUNT, "How many there are, if told now"),
        ),
        body={"required": True, "content": {"application/offset+octet-stream": {"schema": BINARY}}},
    )


def upload_schema() -> Content:
    """Return the schema of an upload."""
    return {
        "type": "object",
        "required": ["id", "service", "format", "offset", "complete"],
        "properties": {
            "id": TEXT,
            "service": TEXT,
            "format": FORMATS,
            "size": {"type": ["integer", "null"]},
            "offset": COUNT,
            "complete": {"type": "boolean"},
            "rows": {"type": ["integer", "null"]},
            "created_at": TIME,
        },
    }
