"""Files become small upright pictures of one size; what is none fails by itself and says why."""

import base64
import zipfile
import zlib
from io import BytesIO
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from minerva import Field, FieldType, InvalidInput, Items, StepContext
from minerva.layers.application.steps.images import Images

RED, BLUE = (220, 30, 30), (30, 30, 220)
ORIENTATION = 0x0112
UPSIDE_DOWN, LEFT_SIDE_UP = 3, 6


class Folder:
    """A volume: the files of a folder."""

    def __init__(self, place: Path) -> None:
        self.shared = place

    def write(self, name, content):
        (self.shared / name).write_bytes(content)
        return name

    def path(self, name):
        path = self.shared / name
        if not path.exists():
            raise InvalidInput("There is no such file in the volume.")
        return path


@pytest.fixture
def volume(tmp_path):
    return Folder(tmp_path)


def made(volume, *files, **parameters):
    """The pictures of some files, None where the row failed, and row → why."""
    step, failed = Images(), {}
    wanted = msgspec.convert({"width": 8, "height": 6, **parameters}, Images.Parameters)
    fields = {"file": Field(type=FieldType.TEXT, nullable=True)}
    column = np.array([*files, None], dtype=object)[:-1]
    items = Items.single(fields, {"file": column}, len(files))
    context = StepContext(
        wanted, step.outputs(fields, wanted), volume.shared, volume, fail=failed.setdefault
    )
    images = step.run(items, context)["image"]
    return [
        None if row in failed else decoded(text) for row, text in enumerate(images.tolist())
    ], failed


def decoded(text):
    return Image.open(BytesIO(base64.b64decode(text, validate=True)))


def halves(width, height, mode="RGB"):
    """A picture, red to the left and blue to the right."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(BLUE, (width // 2, 0, width, height))
    return image.convert(mode)


def kept(volume, name, image, **options):
    image.save(volume.shared / name, **options)
    return name


def like(pixel, colour):
    return max(abs(one - other) for one, other in zip(pixel, colour, strict=True)) < 40


def test_a_picture_has_the_size_that_is_wanted_and_looks_as_it_did(volume):
    kept(volume, "photo.jpg", halves(640, 480))

    (image,), failed = made(volume, "photo.jpg", width=40, height=30)

    assert failed == {}
    assert (image.format, image.mode, image.size) == ("PNG", "RGB", (40, 30))
    assert like(image.getpixel((2, 15)), RED)
    assert like(image.getpixel((37, 15)), BLUE)


def test_the_content_tells_the_format_and_not_the_name(volume):
    kept(volume, "photo.jpg", halves(64, 48), format="PNG")

    (image,), failed = made(volume, "photo.jpg")

    assert failed == {}
    assert image.size == (8, 6)


def test_a_picture_is_turned_as_the_camera_was_held(volume):
    exif = Image.Exif()
    exif[ORIENTATION] = UPSIDE_DOWN
    kept(volume, "turned.jpg", halves(640, 480), exif=exif)
    exif[ORIENTATION] = LEFT_SIDE_UP
    kept(volume, "side.jpg", halves(640, 480), exif=exif)

    (turned, side), _ = made(volume, "turned.jpg", "side.jpg")

    assert like(turned.getpixel((0, 3)), BLUE)
    assert like(side.getpixel((4, 0)), RED)
    assert like(side.getpixel((4, 5)), BLUE)


def test_a_large_jpeg_that_is_decoded_small_looks_as_if_it_had_been_decoded_whole(volume):
    random = np.random.default_rng(0)
    rough = Image.fromarray(random.integers(0, 255, (30, 45, 3), dtype=np.uint8))
    kept(volume, "photo.jpg", rough.resize((1200, 800), Image.Resampling.BICUBIC), quality=95)

    (image,), _ = made(volume, "photo.jpg", width=32, height=32)

    with Image.open(volume.path("photo.jpg")) as whole:
        expected = whole.resize((32, 32), Image.Resampling.BICUBIC)
    difference = np.asarray(image, dtype=float) - np.asarray(expected, dtype=float)
    assert np.abs(difference).mean() < 2
    assert np.abs(difference).max() < 16


@pytest.mark.parametrize(
    ("fit", "corner", "middle"),
    [("stretch", RED, RED), ("crop", RED, RED), ("pad", (0, 0, 0), RED)],
)
def test_another_shape_is_stretched_cropped_or_padded(volume, fit, corner, middle):
    kept(volume, "wide.png", halves(300, 100))

    (image,), _ = made(volume, "wide.png", width=20, height=20, fit=fit)

    assert image.size == (20, 20)
    assert like(image.getpixel((0, 0)), corner)
    assert like(image.getpixel((4, 10)), middle)
    assert like(image.getpixel((15, 10)), BLUE)


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "1", "I;16", "CMYK"])
def test_pictures_of_every_kind_become_red_green_and_blue(volume, mode):
    image = halves(64, 48, "L" if mode == "I;16" else mode)
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image, dtype=np.uint16) * 257)
    kept(volume, "photo", image, format="JPEG" if mode == "CMYK" else "PNG")

    (image,), failed = made(volume, "photo")

    assert failed == {}
    assert image.mode == "RGB"


def test_what_is_transparent_becomes_white(volume):
    kept(volume, "clear.png", Image.new("RGBA", (16, 12), (0, 0, 0, 0)))

    (image,), _ = made(volume, "clear.png")

    assert image.getpixel((4, 3)) == (255, 255, 255)


@pytest.mark.parametrize("kind", ["png", "jpeg", "bmp"])
def test_what_is_handed_on_is_of_the_format_that_is_wanted(volume, kind):
    kept(volume, "photo.png", halves(64, 48))

    (image,), _ = made(volume, "photo.png", format=kind, quality=80)

    assert image.format == kind.upper()
    assert like(image.getpixel((1, 3)), RED)


def test_png_and_bmp_lose_nothing(volume):
    random = np.random.default_rng(0)
    rough = Image.fromarray(random.integers(0, 255, (6, 8, 3), dtype=np.uint8))
    kept(volume, "photo.png", rough)

    for kind in ("png", "bmp"):
        (image,), _ = made(volume, "photo.png", format=kind)
        assert (np.asarray(image) == np.asarray(rough)).all()


def test_a_file_that_cannot_be_read_fails_by_itself_and_the_others_are_made(volume):
    kept(volume, "good.jpg", halves(640, 480))
    whole = volume.path("good.jpg").read_bytes()
    volume.write("truncated.jpg", whole[: len(whole) // 2])
    volume.write("empty.jpg", b"")
    volume.write("text.png", b"no picture at all")
    with zipfile.ZipFile(volume.shared / "zip.jpg", "w") as archive:
        archive.write(volume.path("good.jpg"), "good.jpg")
    kept(volume, "damaged.png", halves(64, 48))
    start = volume.path("damaged.png").read_bytes()
    volume.write("damaged.png", start[:60] + b"\xff" * 20 + start[80:])
    names = ("truncated.jpg", "empty.jpg", "text.png", "zip.jpg", "damaged.png", "gone.jpg", None)

    images, failed = made(volume, "good.jpg", *names, "good.jpg")

    assert [image is None for image in images] == [False, *[True] * 7, False]
    broken, none = "The picture breaks off or is damaged.", "The file is no JPEG or PNG picture"
    assert failed[1] == failed[5] == broken
    assert all(failed[row].startswith(none) for row in (2, 3, 4))
    assert failed[6] == "There is no such file in the volume."
    assert failed[7] == "There is no file."


def test_a_bomb_is_refused_before_it_unfolds(volume):
    volume.write("bomb.png", bomb(side=40_000))
    kept(volume, "good.png", halves(64, 48))

    images, failed = made(volume, "bomb.png", "good.png")

    assert failed == {
        0: "The picture has 40000 x 40000 pixels; 50000000 are the most.",
    }
    assert images[1].size == (8, 6)


def test_how_many_pixels_are_allowed_is_a_parameter(volume):
    kept(volume, "photo.png", halves(64, 48))

    assert made(volume, "photo.png", max_pixels=64 * 48)[1] == {}
    assert list(made(volume, "photo.png", max_pixels=64 * 48 - 1)[1]) == [0]


def bomb(side):
    """A PNG of side x side white pixels in a few kilobytes, if anyone unfolds it."""
    header = side.to_bytes(4) * 2 + bytes([1, 0, 0, 0, 0])
    row = zlib.compress(b"\0" + b"\xff" * (side // 8))
    parts = [(b"IHDR", header), (b"IDAT", row), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        len(body).to_bytes(4) + kind + body + zlib.crc32(kind + body).to_bytes(4)
        for kind, body in parts
    )
