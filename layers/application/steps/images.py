"""`handle: images`: files in the volume become small pictures of one size, as text that may travel."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import numpy as np

from minerva import Field, FieldType, InvalidInput, Items, Parameters, Step, StepContext
from minerva.layers.application.steps.picture import Fit, Kind, Wanted, encoded, opened
from minerva.step import Columns, Fields

PIXELS = 50_000_000
"""What the largest usual cameras take; decoded by halves it is 50 MB, in full 150 MB."""


class ImagesParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of `images`."""

    width: Annotated[int, msgspec.Meta(ge=1, le=4096, description="Pixels from left to right")]
    height: Annotated[int, msgspec.Meta(ge=1, le=4096, description="Pixels from top to bottom")]
    fit: Annotated[
        Fit,
        msgspec.Meta(
            description="Where the shape differs: stretch it, crop the longer sides, or pad the others"
        ),
    ] = "stretch"
    format: Annotated[
        Kind,
        msgspec.Meta(
            description="png loses nothing; bmp neither, and takes no time, but room; jpeg is small"
        ),
    ] = "png"
    quality: Annotated[int, msgspec.Meta(ge=1, le=95, description="Of jpeg")] = 90
    max_pixels: Annotated[
        int, msgspec.Meta(ge=1, description="Files with more pixels are refused before they unfold")
    ] = PIXELS


class Images(Step):
    """JPEG and PNG files, known by their content, upright and of one size, as base64 of PNG, JPEG or BMP.

    A row fails by itself: whose file is no picture whatever its name says, unfolds to more pixels than
    are allowed, or breaks off.
    """

    name = "images"
    role = "handle"
    Parameters = ImagesParameters
    inputs = {"file": ("text",)}  # noqa: RUF012 - read only, as the contract says
    batch = 8

    def outputs(self, inputs: Fields, parameters: Any) -> Fields:
        """Return the picture as text."""
        del inputs, parameters
        return {"image": Field(type=FieldType.TEXT)}

    def run(self, items: Items, context: StepContext) -> Columns:
        """Return base64 texts, shape (n,); tell each row that cannot be read."""
        wanted = context.parameters
        size = Wanted(wanted.width, wanted.height, wanted.fit, wanted.max_pixels)
        images = np.full(len(items), "", dtype=object)
        for row, file in enumerate(items["file"]):
            try:
                picture = opened(context.volume.path(_named(file)), size)
                images[row] = encoded(picture, wanted.format, wanted.quality)
            except InvalidInput as error:
                context.fail(row, error.message)
        return {"image": images}


def _named(file: str | None) -> str:
    if file is None:
        raise InvalidInput("There is no file.")
    return file
