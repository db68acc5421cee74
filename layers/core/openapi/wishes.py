"""What a caller may want told beside each prediction, in a body or in the query."""

from __future__ import annotations

from minerva.layers.abstraction.serving.wishes import CONFIDENCE, EXPLAIN
from minerva.layers.core.openapi.components import Content
from minerva.layers.core.openapi.operations import parameter

_SAYS = {
    EXPLAIN: "Tell how much each field contributed, too",
    CONFIDENCE: "Tell how sure each prediction is, too: a calibrated chance, or an interval",
}
_WISH: Content = {"type": "boolean", "default": False}


def members() -> Content:
    """Return the members of a body."""
    return {name: _WISH | {"description": f"{says}."} for name, says in _SAYS.items()}


def query(forms: str) -> tuple[Content, ...]:
    """Return the parameters of the query, which bodies of these forms may have."""
    return tuple(
        parameter(name, "query", _WISH, f"{says} ({forms})") for name, says in _SAYS.items()
    )
