"""What an XML document asks, as a Question."""

from __future__ import annotations

from minerva.errors import Fault, InvalidInput
from minerva.layers.abstraction.serving.question import Question
from minerva.layers.core.protocols.rows.cells import records_of_cells
from minerva.layers.core.protocols.xml.reading import read
from minerva.schema import Schema


def read_question(body: bytes, schema: Schema, most: int, encoding: str | None = None) -> Question:
    """Return what is asked of a service of this schema; its texts are read as cells of a table are.

    `encoding` goes before what the document says of itself. Raises InvalidBody, InvalidInput, or
    TooLarge for more than `most` records or keys.
    """
    found = read(body, most, encoding)
    if not found.records and not found.keys:
        fault = Fault(f"/{found.root}", "is empty; send at least one")
        raise InvalidInput("The body does not fit this call.", faults=[fault])
    if found.root == "keys":
        return Question(None, found.keys, wishes=found.wishes)
    return Question(records_of_cells(schema, found.records), wishes=found.wishes)
