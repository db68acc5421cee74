"""One picture file: known by its content, refused if it is a trap, decoded no larger than is needed."""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from minerva import InvalidInput
from minerva.layers.application.models.libraries import library

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

Fit = Literal["stretch", "crop", "pad"]
Kind = Literal["png", "jpeg", "bmp"]
JPEG, PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
MARGIN = 2
"""A JPEG is decoded at an eighth, quarter or half if that is still so many times what is wanted: the last
step down averages then, and what comes out is as from the whole picture, but for a grey level or two."""


@dataclass(frozen=True)
class Wanted:
    """What becomes of a picture."""

    width: int
    height: int
    fit: Fit
    max_pixels: int


def opened(path: Path, wanted: Wanted) -> Image:
    """Return the picture in a file: upright, red, green and blue, of the wanted size.

    Raises InvalidInput with the reason if the file is no JPEG or PNG, has too many pixels or breaks off;
    InvalidConfiguration where Pillow is not installed.
    """
    library("PIL.Image", "images", "Pillow")
    with _recognised(path) as file:
        width, height = file.size
        if width * height > wanted.max_pixels:
            raise InvalidInput(
                f"The picture has {width} x {height} pixels; {wanted.max_pixels} are the most."
            )
        return _fitted(_upright(file, wanted), wanted)


def encoded(image: Image, kind: Kind, quality: int) -> str:
    """Return base64 of a picture."""
    options = {
        "png": {"compress_level": 1, "compress_type": zlib.Z_RLE},
        "jpeg": {"quality": quality, "subsampling": 0},
        "bmp": {},
    }
    written = BytesIO()
    image.save(written, kind, **options[kind])
    return base64.b64encode(written.getbuffer()).decode("ascii")


def _recognised(path: Path) -> ImageFile:
    """Return the opened file, nothing of it decoded yet.

    `Image.open` would try all formats, and only warn of what unfolds to very many pixels.
    """
    from PIL.JpegImagePlugin import JpegImageFile
    from PIL.PngImagePlugin import PngImageFile

    start = _start(path)
    formats: dict[bytes, type[ImageFile]] = {JPEG: JpegImageFile, PNG: PngImageFile}
    kind = next((kind for mark, kind in formats.items() if start.startswith(mark)), None)
    if kind is None:
        raise InvalidInput("The file is no JPEG or PNG picture, whatever its name says.")
    try:
        return kind(path)
    except Exception as error:
        raise _broken() from error


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(len(PNG))


def _upright(file: ImageFile, wanted: Wanted) -> Image:
    """Return the decoded picture, turned as the camera says it was held."""
    from PIL import ImageOps

    try:
        side = MARGIN * max(wanted.width, wanted.height)
        file.draft("RGB", (side, side))
        file.load()
        return _opaque(ImageOps.exif_transpose(file))
    except Exception as error:  # what decoders raise for broken files has no class in common
        raise _broken() from error


def _opaque(image: Image) -> Image:
    """Return red, green and blue; what is transparent becomes white."""
    from PIL import Image as Pictures

    if not image.has_transparency_data:
        return image.convert("RGB")
    layered = image.convert("RGBA")
    white = Pictures.new("RGBA", layered.size, "white")
    return Pictures.alpha_composite(white, layered).convert("RGB")


def _fitted(image: Image, wanted: Wanted) -> Image:
    from PIL import ImageOps
    from PIL.Image import Resampling

    size = wanted.width, wanted.height
    if wanted.fit == "crop":
        return ImageOps.fit(image, size, Resampling.BICUBIC)
    if wanted.fit == "pad":
        return ImageOps.pad(image, size, Resampling.BICUBIC)
    return image.resize(size, Resampling.BICUBIC)


def _broken() -> InvalidInput:
    return InvalidInput("The picture breaks off or is damaged.")
