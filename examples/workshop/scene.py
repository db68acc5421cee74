"""The drawn workshop: where its bays are, who comes and goes, and what the light does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 384, 288
BAYS = tuple(f"bay_{number}" for number in range(1, 7))
BAY_WIDTH, BAY_HEIGHT = 104, 96
"""In pixels, as everything here. Three bays above the aisle and three below; cars stand upright in them."""
CENTRES = [(12 + 60 + column * 120, y) for y in (52, HEIGHT - 52) for column in range(3)]
AISLE_Y = HEIGHT / 2
CAR_WIDTH, CAR_LENGTH = 42, 80
NOISE = np.float32(6)
"""Of the camera, of 255."""
DRIVE_S = 2.0
"""How long a car takes from the aisle into its bay, and out."""

Picture = NDArray[np.uint8]
"""Shape (HEIGHT, WIDTH, 3)."""
Colours = NDArray[Any]


@dataclass(frozen=True)
class Stay:
    """A car in a bay, from when it begins to enter until it has left."""

    bay: int
    start: float
    end: float
    colour: Colours
    dx: float
    dy: float
    angle: float
    """How badly it is parked: pixels, pixels, radians."""

    def centre(self, second: float) -> tuple[float, float] | None:
        """Return where the car's middle is, None if it is not there."""
        if not self.start <= second < self.end:
            return None
        inside = min(1.0, (second - self.start) / DRIVE_S, (self.end - second) / DRIVE_S)
        x, y = CENTRES[self.bay]
        return x + self.dx * inside, AISLE_Y + (y + self.dy - AISLE_Y) * inside


class Scene:
    """A workshop for some time; everything follows from the seed."""

    def __init__(self, seed: int, seconds: float) -> None:
        self._random = np.random.default_rng(seed)
        each = self._random.spawn(len(BAYS))
        self._stays = [stay for bay in range(len(BAYS)) for stay in _stays(each[bay], bay, seconds)]
        self._walks = [self._walk() for _ in range(self._random.integers(1, 4))]
        self._floor = self._floor_drawn()
        self._light = self._random.uniform(0.55, 1.15), self._random.uniform(0.0, 0.25)
        self._phase = self._random.uniform(0, 2 * np.pi, 3)
        self._seed = seed

    def truth(self, second: float) -> NDArray[np.bool_]:
        """Return which bays hold at least half of a car."""
        held = np.zeros(len(BAYS), bool)
        for stay in self._stays:
            centre = stay.centre(second)
            if centre is not None:
                held[stay.bay] |= abs(centre[1] - CENTRES[stay.bay][1]) <= BAY_HEIGHT / 2
        return held

    def picture(self, second: float) -> Picture:
        """Return what the camera sees."""
        canvas = self._floor.copy()
        for stay in self._stays:
            centre = stay.centre(second)
            if centre is not None:
                _draw_car(canvas, centre, stay)
        for way in self._walks:
            _draw_mechanic(canvas, *_along(way, second))
        return self._seen(canvas, second)

    def _walk(self) -> NDArray[np.float64]:
        """Return corners of a mechanic's way, one reached every four seconds; shape (corners, 2)."""
        return self._random.uniform((10, 10), (WIDTH - 10, HEIGHT - 10), (16, 2))

    def _floor_drawn(self) -> Colours:
        """Return concrete with the lines of the bays, oil and things that stand about."""
        random = self._random
        grain = random.normal(128, 5, (HEIGHT, WIDTH, 1)).astype(np.float32)
        canvas = np.repeat(grain, 3, axis=2)
        for x, y in CENTRES:
            _frame(canvas, x, y)
            if random.random() < 0.6:  # noqa: PLR2004 - a share
                spot = (x + random.uniform(-25, 25), y + random.uniform(-25, 25))
                _ellipse(canvas, spot, random.uniform(6, 20), random.uniform(6, 14), 70.0)
            if random.random() < 0.5:  # noqa: PLR2004 - a share
                crate = (x + random.uniform(-36, 36), y + random.uniform(-32, 32))
                side = random.uniform(12, 24)
                _rectangle(canvas, crate, side, side, 0.0, random.uniform(40, 220, 3))
        return canvas

    def _seen(self, canvas: Colours, second: float) -> Picture:
        """Let lamps and clouds change the light, a shadow pass, and the camera add its noise."""
        level, swing = self._light
        lamp = level * (1 + swing * np.sin(second / 3 + self._phase[0]))
        shadow_x = (WIDTH + 200) * (0.5 + 0.5 * np.sin(second / 5 + self._phase[1])) - 100
        columns = np.abs(np.arange(WIDTH) - shadow_x)
        band = 1 - 0.35 * np.clip(1.5 - columns / 60, 0, 1)
        random = np.random.default_rng([self._seed, round(second * 1000)])
        noise = random.standard_normal(canvas.shape, np.float32)
        seen = canvas * (lamp * band[:, np.newaxis]).astype(np.float32) + NOISE * noise
        return np.asarray(np.clip(seen, 0, 255), np.uint8)


def _stays(random: np.random.Generator, bay: int, seconds: float) -> list[Stay]:
    """Return who comes to a bay, one after the other."""
    stays, at = [], float(random.uniform(-30, 12))
    while at < seconds:
        end = at + float(random.uniform(8, 40))
        tone = random.uniform(20, 235)
        colour = np.clip(tone + random.normal(0, 45, 3), 10, 245)
        dx, dy, angle = random.uniform((-14, -5, -0.12), (14, 5, 0.12)).tolist()
        stays.append(Stay(bay, at, end, colour, dx, dy, angle))
        at = end + float(random.uniform(1, 20))
    return stays


def _along(way: NDArray[np.float64], second: float) -> tuple[float, float]:
    place = second / 4 % (len(way) - 1)
    corner, part = int(place), place % 1
    x, y = way[corner] * (1 - part) + way[corner + 1] * part
    return float(x), float(y)


def _draw_car(canvas: Colours, centre: tuple[float, float], stay: Stay) -> None:
    x, y = centre
    dark, glass = stay.colour * 0.75, np.array([35.0, 45.0, 60.0])
    _rectangle(canvas, (x + 5, y + 5), CAR_WIDTH, CAR_LENGTH, stay.angle, 0.55, shade=True)
    _rectangle(canvas, centre, CAR_WIDTH, CAR_LENGTH, stay.angle, stay.colour)
    _rectangle(canvas, (x, y + 2), CAR_WIDTH - 8, CAR_LENGTH - 34, stay.angle, glass)
    _rectangle(canvas, (x, y + 2), CAR_WIDTH - 12, CAR_LENGTH - 52, stay.angle, dark)


def _draw_mechanic(canvas: Colours, x: float, y: float) -> None:
    _ellipse(canvas, (x + 4, y + 4), 9, 7, 75.0)
    _ellipse(canvas, (x, y), 9, 6, np.array([40.0, 70.0, 160.0]))
    _ellipse(canvas, (x, y), 4, 4, np.array([205.0, 165.0, 140.0]))


def _frame(canvas: Colours, x: float, y: float) -> None:
    """Paint the white lines around a bay."""
    top, bottom = int(y - BAY_HEIGHT / 2), int(y + BAY_HEIGHT / 2)
    left, right = int(x - BAY_WIDTH / 2), int(x + BAY_WIDTH / 2)
    for column in (left, right):
        canvas[max(top, 0) : bottom, column - 1 : column + 2] = 225
    back = top if y < AISLE_Y else bottom
    canvas[max(back - 1, 0) : back + 2, left:right] = 225


def _rectangle(
    canvas: Colours,
    centre: tuple[float, float],
    width: float,
    height: float,
    angle: float,
    colour: Colours | float,
    *,
    shade: bool = False,
) -> None:
    """Fill a turned rectangle; `shade` multiplies what is there."""
    around, across, along = _turned(canvas, centre, angle, (width + height) / 2)
    mask = (np.abs(across) <= width / 2) & (np.abs(along) <= height / 2)
    around[mask] = around[mask] * colour if shade else colour


def _ellipse(
    canvas: Colours, centre: tuple[float, float], a: float, b: float, colour: Colours | float
) -> None:
    around, across, along = _turned(canvas, centre, 0.0, max(a, b))
    around[(across / a) ** 2 + (along / b) ** 2 <= 1] = colour


def _turned(
    canvas: Colours, centre: tuple[float, float], angle: float, reach: float
) -> tuple[Colours, NDArray[np.float64], NDArray[np.float64]]:
    """Return the part of a canvas around a thing, and its pixels' distances across and along the thing."""
    left, top = (max(0, int(middle - reach)) for middle in centre)
    around = canvas[
        top : max(0, int(centre[1] + reach) + 2), left : max(0, int(centre[0] + reach) + 2)
    ]
    y, x = np.ogrid[top : top + around.shape[0], left : left + around.shape[1]]
    dx, dy = x - centre[0], y - centre[1]
    cosine, sine = np.cos(angle), np.sin(angle)
    return around, dx * cosine + dy * sine, dy * cosine - dx * sine
