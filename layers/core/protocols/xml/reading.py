"""Reading `<records><record><tenure>3</tenure></record></records>` or `<keys><key>C-1</key></keys>`.

What makes XML dangerous is refused where it is declared: a document type, and with it every entity.
Nesting deeper than a field is refused where it begins, so no depth costs anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

from minerva.errors import Fault, InvalidBody, InvalidInput, TooLarge
from minerva.layers.abstraction.serving.wishes import NAMES, NONE, Wishes
from minerva.schema.decoder import pointer

ROOTS = {"records": "record", "keys": "key"}
"""Root element → its children."""
ROOT, ITEM, FIELD = 1, 2, 3
FREE = "field"
"""`<field name="…">` stands for a field whose name no element can have."""


@dataclass
class Document:
    """What a document asks."""

    root: str = ""
    wishes: Wishes = NONE
    records: list[dict[str, str]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)


def read(body: bytes, most: int, encoding: str | None = None) -> Document:
    """Return what a document asks. Raises InvalidBody, InvalidInput, or TooLarge beyond `most`.

    `encoding` is what was said beside the document; None: it says it itself, or is UTF-8 or UTF-16.
    """
    reading = _Reading(most)
    parser = expat.ParserCreate(encoding, namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_type
    parser.EntityDeclHandler = _refuse_type
    parser.StartElementHandler = reading.start
    parser.CharacterDataHandler = reading.text
    parser.EndElementHandler = reading.end
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        why = expat.ErrorString(error.code)
        at = f"line {error.lineno}, column {error.offset + 1}"
        raise InvalidBody("The body is not well-formed XML.", faults=[Fault(at, why)]) from None
    except (ValueError, LookupError):
        raise InvalidBody("The body's encoding is not known here: send UTF-8.") from None
    return reading.found


def _refuse_type(*_: object) -> None:
    raise InvalidBody("The body declares a document type or an entity: send it without.")


class _Reading:
    """Takes what the parser finds."""

    def __init__(self, most: int) -> None:
        self.found = Document()
        self._most = most
        self._depth = 0
        self._name = ""
        self._texts: list[str] = []

    def start(self, qualified: str, attributes: dict[str, str]) -> None:
        name = qualified.rpartition(" ")[2]
        self._depth += 1
        self._texts = []
        if self._depth == ROOT:
            self._begin(name, attributes)
        elif self._depth == ITEM:
            self._item(name)
        elif self._depth == FIELD and self.found.root == "records":
            self._field(name, attributes)
        else:
            raise self._unfit("holds an element where only text belongs")

    def text(self, text: str) -> None:
        if self._holds_text:
            self._texts.append(text)
        elif text.strip():
            raise self._unfit("holds text where only elements belong")

    def end(self, _: str) -> None:
        if self._holds_text:
            text = "".join(self._texts)
            if self.found.root == "keys":
                self.found.keys.append(text)
            else:
                self.found.records[-1][self._name] = text
        self._depth -= 1

    @property
    def _holds_text(self) -> bool:
        return self._depth == (FIELD if self.found.root == "records" else ITEM)

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        if name not in ROOTS:
            raise _misfit("", f"expected the element {' or '.join(ROOTS)}")
        self.found.root = name
        for one in attributes:
            if one not in NAMES and " " not in one:
                known = ", ".join(NAMES)
                raise _misfit(f"/@{pointer(one)}", f"not known here; known are {known}")
        self.found.wishes = Wishes.read(lambda wish: _truth(attributes, wish), "/@")

    def _item(self, name: str) -> None:
        root = self.found.root
        count = len(self.found.records) + len(self.found.keys)
        if name != ROOTS[root]:
            raise _misfit(f"/{root}/{count}", f"expected the element {ROOTS[root]}")
        if count == self._most:
            message = f"has more than {self._most} entries; send several calls"
            raise TooLarge("These are too many at once.", faults=[Fault(f"/{root}", message)])
        if root == "records":
            self.found.records.append({})

    def _field(self, name: str, attributes: dict[str, str]) -> None:
        self._name = attributes.get("name", "") if name == FREE and "name" in attributes else name
        if self._name in self.found.records[-1]:
            raise self._unfit("stands here a second time", self._name)

    def _unfit(self, message: str, field_name: str = "") -> InvalidBody:
        found = self.found
        at = len(found.records) - 1 if found.root == "records" else len(found.keys)
        name = field_name or (self._name if self._depth > FIELD else "")
        where = f"/{found.root}" + (f"/{at}" if self._depth > ROOT else "")
        fault = Fault(where + (f"/{pointer(name)}" if name else ""), message)
        return InvalidBody("The body does not have the form of a question.", faults=[fault])


def _truth(attributes: Mapping[str, str], name: str) -> bool:
    told = attributes.get(name, "false").strip()
    if told not in {"true", "false", "1", "0"}:
        raise _misfit(f"/@{name}", "expected true or false")
    return told in {"true", "1"}


def _misfit(where: str, message: str) -> InvalidInput:
    return InvalidInput("The body does not fit this call.", faults=[Fault(where, message)])
