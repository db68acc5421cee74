"""A service's schema: what goes in, what comes out, and the one decoder that every transport shares."""

from minerva.schema.batch import Batch, Column
from minerva.schema.decoder import Decoder
from minerva.schema.field import Field, FieldType
from minerva.schema.schema import Schema

__all__ = ["Batch", "Column", "Decoder", "Field", "FieldType", "Schema"]
