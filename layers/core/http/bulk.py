"""Predictions for rows of text, CSV or NDJSON: what is asked, and in which form the answer comes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain

import msgspec
from flask import Response, g, request

from minerva.layers.abstraction.serving.live_service import LiveService
from minerva.layers.abstraction.training.called import HOW
from minerva.layers.core.http.access import principal
from minerva.layers.core.http.body import check_content_type, read_bytes
from minerva.layers.core.http.bulk_call import BulkCall
from minerva.layers.core.http.duplicates import repeated_key
from minerva.layers.core.http.house import House
from minerva.layers.core.http.layouts import CSV, header_parameter, layout_of
from minerva.layers.core.http.models import find_model
from minerva.layers.core.http.requests import tell
from minerva.layers.core.http.wanted import wanted_type
from minerva.layers.core.http.wishes import query_wishes
from minerva.layers.core.protocols.rows.chunks import chunks
from minerva.layers.core.protocols.rows.csv_answers import CsvAnswers
from minerva.layers.core.protocols.rows.csv_rows import CsvRows, delimiter_of
from minerva.layers.core.protocols.rows.ndjson_answers import NdjsonAnswers
from minerva.layers.core.protocols.rows.ndjson_rows import NdjsonRows
from minerva.layers.core.protocols.rows.row import Row, Rows
from minerva.layers.core.protocols.rows.told import Writer

NDJSON = "application/x-ndjson"
BULK = (CSV, NDJSON)
CONTENT_TYPES = {CSV: f"{CSV}; charset=utf-8; header=present", NDJSON: NDJSON}
CHUNK = 1000
"""Rows that are asked together, fewer where max_records is less."""


def predict_rows(house: House, service: str) -> Response:
    """Answer the request's rows, in the form that they have unless `Accept` asks for the other one."""
    wanted = wanted_type(request, sorted(BULK, key=request.mimetype.__ne__))
    live = find_model(house, service)
    wishes = query_wishes(*(HOW if request.mimetype == CSV else ()))
    body = read_bytes(request)
    reader, delimiter = _reader(live, body)
    writer: Writer = NdjsonAnswers(service, g.request_id)
    if wanted == CSV:
        writer = CsvAnswers(live.schema, wishes, delimiter)
    call = BulkCall(house, principal().tenant, service, reader, writer, wishes)
    come = chunks(reader, body, min(CHUNK, house.max_records))
    response = _answered(call, come)
    response.content_type = CONTENT_TYPES[wanted]
    return response


def _answered(call: BulkCall, come: Iterator[list[Row]]) -> Response:
    """Return the whole answer if all rows are asked together, else one that is sent as it is made."""
    begun, more = call.begun(come), next(come, None)
    if more is None:
        tell(version=",".join(sorted(call.tally.versions)) or None)
        return Response(begun + call.writer.end(call.tally))
    place = ExitStack()
    place.enter_context(call.house.gates.entered())
    response = Response(call.stream(begun, chain([more], come)))
    response.call_on_close(place.close)
    return response


def _reader(live: LiveService, body: bytes) -> tuple[Rows, str]:
    """Return what reads the body, and the sign between the cells of a table that answers it."""
    if request.mimetype == NDJSON:
        check_content_type(request, (NDJSON,))
        return NdjsonRows(live.schema, repeated_key), ","
    dialect = layout_of(request, live.declaration.data).dialect
    header = header_parameter(request.mimetype_params)
    if "delimiter" not in request.args and header is not False:
        sign = delimiter_of(body, live.schema, dialect)
        dialect = msgspec.structs.replace(dialect, delimiter=sign)
    return CsvRows(live.schema, dialect, header=header), dialect.delimiter
