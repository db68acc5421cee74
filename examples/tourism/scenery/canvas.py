"""A sheet to draw on, measured from 0 to 1 both ways, whatever its pixels."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Colour = tuple[int, int, int]
Point = tuple[float, float]
TILE = 256
"""Pixels of the square of grain that is laid side by side."""


def colour(hue: float, saturation: float, value: float) -> Colour:
    """Return red, green and blue, 0 to 255, of what is told in 0 to 1; a hue goes round."""
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, *np.clip((saturation, value), 0, 1).tolist())
    return round(255 * red), round(255 * green), round(255 * blue)


class Canvas:
    """A sheet and the chance by which everything on it varies."""

    def __init__(self, width: int, height: int, random: np.random.Generator) -> None:
        self.image = Image.new("RGB", (width, height))
        self.random = random
        self._draw = ImageDraw.Draw(self.image)
        self._size = np.array([width, height])

    def between(self, low: float, high: float) -> float:
        """Return a number of this range."""
        return float(self.random.uniform(low, high))

    def often(self, share: float) -> bool:
        """Tell yes with this chance."""
        return bool(self.random.random() < share)

    def about(self, hue: float, saturation: float, value: float, spread: float = 0.06) -> Colour:
        """Return a colour near this one."""
        near = self.random.normal((hue, saturation, value), (spread / 2, 2 * spread, spread))
        return colour(*near.tolist())

    def fade(self, top: Colour, bottom: Colour, begin: float = 0, end: float = 1) -> None:
        """Fill from `begin` to `end` of the height, one colour passing into the other."""
        width, height = self._size.tolist()
        rows = np.arange(round(begin * height), round(end * height))
        share = np.linspace(0, 1, max(len(rows), 1))[: len(rows), np.newaxis]
        strip = (1 - share) * np.array(top) + share * np.array(bottom)
        pixels = np.repeat(strip[:, np.newaxis].astype(np.uint8), width, axis=1)
        if pixels.size:
            self.image.paste(Image.fromarray(pixels), (0, round(begin * height)))

    def shape(self, points: Sequence[Point], fill: Colour) -> None:
        """Draw an area with these corners."""
        self._draw.polygon([self._at(point) for point in points], fill=fill)

    def box(self, left: float, top: float, right: float, bottom: float, fill: Colour) -> None:
        """Draw a rectangle."""
        self._draw.rectangle([self._at((left, top)), self._at((right, bottom))], fill=fill)

    def disc(self, x: float, y: float, radius: float, fill: Colour, flat: float = 1) -> None:
        """Draw a circle whose radius is a share of the height, or an ellipse that is `flat` as high."""
        wide = radius * self._size[1] / self._size[0]
        corners = (x - wide, y - radius * flat), (x + wide, y + radius * flat)
        self._draw.ellipse([self._at(corner) for corner in corners], fill=fill)

    def line(self, points: Sequence[Point], thick: float, fill: Colour) -> None:
        """Draw a line, its thickness a share of the height."""
        pixels = max(1, round(thick * self._size[1]))
        self._draw.line([self._at(point) for point in points], fill=fill, width=pixels)

    def ridge(self, level: float, rough: float, fill: Colour) -> None:
        """Draw hills whose skyline swings around a height, down to the lower edge."""
        steps = np.linspace(0, 1, 60)
        skyline = np.full_like(steps, level)
        for wave in range(1, 6):
            swing = self.random.normal(0, rough / wave)
            skyline += swing * np.sin(2 * np.pi * (wave * steps * 0.8 + self.random.random()))
        top = list(zip(steps.tolist(), skyline.tolist(), strict=True))
        self.shape([(0, 1), *top, (1, 1)], fill)

    def taken(self) -> Image.Image:
        """Return the sheet as if somebody had taken a photo of it.

        What stands in the way, the part that is seen, light, haze, blur, mirror and grain vary.
        """
        self._obstruct()
        image = self._part()
        if self.often(0.4):
            blur = self.between(0, 0.006) * float(self._size[1])
            image = image.filter(ImageFilter.GaussianBlur(blur))
        pixels = np.asarray(image, dtype=np.float32)
        if self.often(0.5):
            pixels = pixels[:, ::-1]
        haze = self.between(0, 0.7) if self.often(0.3) else 0
        pixels = pixels + haze * (self.between(120, 230) - pixels)
        light = self.between(0.65, 1.2) * self.random.normal(1, 0.07, 3)
        pixels = 128 + self.between(0.6, 1.1) * (pixels - 128)
        return Image.fromarray(self._grained(pixels * light.astype(np.float32)))

    def _obstruct(self) -> None:
        """Draw something dark and near, as there is in many a photo."""
        if self.often(0.35):
            fill = self.about(self.between(0, 1), 0.3, self.between(0.1, 0.6))
            x, y, size = self.between(0, 1), self.between(0.6, 1), self.between(0.1, 0.3)
            self.disc(x, y, size * 0.6, fill, 1.2)
            self.box(x - size, y + size * 0.5, x + size, 1.2, fill)
        if self.often(0.2):
            x, wide = self.between(0, 1), self.between(0.03, 0.12)
            self.box(x, 0, x + wide, 1, self.about(0.08, 0.3, 0.25))

    def _part(self) -> Image.Image:
        """Return a part of the sheet, in the sheet's size."""
        share = self.between(0.45, 1)
        size = self._size * share
        left, top = (self.random.random(2) * (self._size - size)).tolist()
        box = left, top, left + float(size[0]), top + float(size[1])
        return self.image.resize(self.image.size, Image.Resampling.BILINEAR, box=box)

    def _grained(self, pixels: NDArray[np.float32]) -> NDArray[np.uint8]:
        tile = self.random.normal(0, self.between(2, 26), (TILE, TILE, 3)).astype(np.float32)
        for top in range(0, pixels.shape[0], TILE):
            for left in range(0, pixels.shape[1], TILE):
                part = pixels[top : top + TILE, left : left + TILE]
                part += tile[: part.shape[0], : part.shape[1]]
        return np.clip(pixels, 0, 255).astype(np.uint8)

    def _at(self, point: Point) -> Point:
        x, y = (np.array(point) * self._size).tolist()
        return x, y
