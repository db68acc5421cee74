"""OpenAPI 3.1 made from the declared services; knows no web framework."""

from minerva.layers.core.openapi.document import document

__all__ = ["document"]
