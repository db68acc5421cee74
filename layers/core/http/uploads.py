"""Uploads that may be sent in several calls, and gone on with after any of them broke off.

The headers are those of the tus protocol, https://tus.io/protocols/resumable-upload.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.exceptions import UnsupportedMediaType

from minerva.errors import Fault, InvalidInput
from minerva.layers.abstraction.formats.layout import FORMATS
from minerva.layers.abstraction.services.parsing import parse
from minerva.layers.abstraction.training.called import HOW
from minerva.layers.abstraction.uploads.upload import Upload
from minerva.layers.core.http.access import needs, principal
from minerva.layers.core.http.body import read_object
from minerva.layers.core.http.house import House
from minerva.layers.core.http.incoming import Incoming
from minerva.layers.core.http.json_answers import answer
from minerva.layers.core.http.layouts import read_layout

BYTES = "application/offset+octet-stream"
OFFSET, LENGTH = "Upload-Offset", "Upload-Length"
MOST_DIGITS = 15


def uploads(house: House) -> Blueprint:
    """Return the routes below `/v1/uploads`."""
    routes = Blueprint("uploads", __name__)

    @routes.post("/v1/uploads")
    @needs("train")
    def begin_upload() -> Response:
        body = read_object(request, ("service", "format", "size", *HOW))
        upload = _begin(house, body)
        response = _told(upload, 0, HTTPStatus.CREATED)
        response.headers["Location"] = f"/v1/uploads/{upload.id}"
        return response

    @routes.get("/v1/uploads/<upload_id>")
    @needs("train")
    def get_upload(upload_id: str) -> Response:
        """Tell how far an upload came; HEAD tells it in headers alone."""
        return _told(*house.uploads.get(principal().tenant, upload_id))

    @routes.patch("/v1/uploads/<upload_id>")
    @needs("train")
    def append_to_upload(upload_id: str) -> Response:
        """Go on with an upload; what has come stays, however the call ends."""
        incoming = Incoming(request, house.uploads.limits.max_bytes)
        if request.mimetype != BYTES:
            raise UnsupportedMediaType(f"Send the header Content-Type: {BYTES}.")
        tenant, offset = principal().tenant, _number(OFFSET)
        with house.gates.entered():
            if LENGTH in request.headers:
                house.uploads.declare_size(tenant, upload_id, _number(LENGTH))
            pieces = incoming.pieces()
            return _told(*house.uploads.append(tenant, upload_id, offset, pieces))

    @routes.delete("/v1/uploads/<upload_id>")
    @needs("train")
    def remove_upload(upload_id: str) -> Response:
        house.uploads.remove(principal().tenant, upload_id)
        return Response(status=HTTPStatus.NO_CONTENT)

    return routes


def _begin(house: House, body: dict[str, Any]) -> Upload:
    tenant, service, size = principal().tenant, body.get("service"), body.get("size")
    if not isinstance(service, str):
        raise _misfit("/service", "expected the name of a service")
    if body.get("format") not in FORMATS:
        raise _misfit("/format", f"expected one of {', '.join(FORMATS)}")
    if size is not None and (type(size) is not int or size < 0):
        raise _misfit("/size", "expected the number of bytes")
    declared = parse(house.registry.configuration(tenant, service).declaration).data
    given = {name: body[name] for name in HOW if body.get(name) is not None}
    layout = read_layout(body["format"], given, declared, where="")
    return house.uploads.begin(tenant, service, layout, size)


def _told(upload: Upload, offset: int, status: HTTPStatus = HTTPStatus.OK) -> Response:
    response = answer({"upload": upload.to_json(offset)}, status)
    response.headers[OFFSET] = str(offset)
    if upload.size is not None:
        response.headers[LENGTH] = str(upload.size)
    return response


def _number(header: str) -> int:
    text = request.headers.get(header, "")
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
        fault = Fault(header, "expected a number of bytes")
        raise InvalidInput("A header of this call does not fit.", faults=[fault])
    return int(text)


def _misfit(where: str, message: str) -> InvalidInput:
    return InvalidInput("The body does not fit this call.", faults=[Fault(where, message)])
