"""Scenes outdoors: landscape, and adventure, which is people in a landscape."""

from __future__ import annotations

import math

from scenery.canvas import Canvas, Colour, colour


def landscape(canvas: Canvas) -> None:
    """Draw hills below a sky; often a lake or trees, now and then a cottage."""
    _outdoors(canvas, canvas.between(0.3, 0.65))
    if canvas.often(0.4):
        _lake(canvas, canvas.between(0.65, 0.85))
    for _ in range(int(canvas.random.integers(0, 14))):
        _tree(canvas)
    if canvas.often(0.15):
        cottage(canvas)
    for _ in range(int(canvas.random.integers(1, 4)) if canvas.often(0.35) else 0):
        person(canvas, canvas.between(0.1, 0.9), canvas.between(0.7, 0.95), 0.12)


def adventure(canvas: Canvas) -> None:
    """Draw people who climb, paddle, fly or cycle."""
    sport = (_climbing, _rafting, _flying, _cycling)[int(canvas.random.integers(4))]
    sport(canvas)


def sky(canvas: Canvas, horizon: float) -> None:
    """Draw a sky: blue, grey, of the evening or of the night."""
    hue, saturation, value = [
        (0.57, 0.55, 0.95),
        (0.6, 0.08, 0.75),
        (0.05, 0.55, 0.9),
        (0.64, 0.6, 0.25),
    ][int(canvas.random.choice(4, p=(0.5, 0.25, 0.15, 0.1)))]
    top = canvas.about(hue, saturation, value)
    canvas.fade(top, canvas.about(hue, saturation * 0.4, min(1, value * 1.15)), 0, horizon)
    if canvas.often(0.45):
        place = canvas.between(0.1, 0.9), canvas.between(0.08, horizon * 0.7)
        canvas.disc(*place, canvas.between(0.03, 0.08), canvas.about(0.13, 0.5, 1))
    for _ in range(int(canvas.random.integers(0, 5))):
        place = canvas.between(0, 1), canvas.between(0.05, horizon * 0.7)
        canvas.disc(*place, canvas.between(0.03, 0.1), canvas.about(0.6, 0.04, 0.95), 0.35)


def cottage(canvas: Canvas) -> None:
    """Draw a small house."""
    x, y, size = canvas.between(0.1, 0.8), canvas.between(0.55, 0.75), canvas.between(0.05, 0.1)
    canvas.box(x, y, x + size, y + size, canvas.about(0.1, 0.2, 0.8))
    roof = [(x - 0.01, y), (x + size / 2, y - size * 0.7), (x + size + 0.01, y)]
    canvas.shape(roof, canvas.about(0.02, 0.6, 0.5))


def _outdoors(canvas: Canvas, horizon: float) -> None:
    sky(canvas, 1)
    hue, count = canvas.between(0.08, 0.42), int(canvas.random.integers(2, 5))
    for number in range(count):
        share = (number + 1) / count
        fill = canvas.about(0.6 + (hue - 0.6) * share, 0.25 + 0.3 * share, 0.75 - 0.35 * share)
        canvas.ridge(horizon + 0.3 * number / count, canvas.between(0.02, 0.16), fill)


def _lake(canvas: Canvas, level: float) -> None:
    blue = canvas.about(0.56, 0.45, 0.7)
    canvas.fade(blue, canvas.about(0.58, 0.6, 0.45), level, 1)
    for _ in range(int(canvas.random.integers(3, 12))):
        x, y = canvas.between(0, 0.9), canvas.between(level, 1)
        canvas.line([(x, y), (x + canvas.between(0.03, 0.15), y)], 0.006, colour(0.55, 0.15, 0.9))


def _tree(canvas: Canvas) -> None:
    x, y, high = canvas.between(0, 1), canvas.between(0.6, 0.95), canvas.between(0.06, 0.2)
    green = canvas.about(0.32, 0.55, 0.35)
    canvas.line([(x, y), (x, y - high / 2)], 0.012, canvas.about(0.07, 0.5, 0.3))
    if canvas.often(0.5):
        crown = [(x - high / 4, y - high / 3), (x, y - high), (x + high / 4, y - high / 3)]
        canvas.shape(crown, green)
    else:
        canvas.disc(x, y - high * 0.7, high * 0.4, green)


def person(canvas: Canvas, x: float, y: float, high: float, lean: float = 0) -> None:
    """Draw somebody who stands at a place; with `lean` the limbs are stretched out."""
    shirt, skin = canvas.about(canvas.random.random(), 0.85, 0.85), canvas.about(0.07, 0.4, 0.8)
    hip, neck = (x, y - high * 0.45), (x + lean * high * 0.2, y - high * 0.8)
    for side in (-1, 1):
        foot = (x + side * high * (0.1 + 0.15 * abs(lean)), y)
        hand = (neck[0] + side * high * 0.25, neck[1] + high * (0.25 - 0.45 * abs(lean)))
        canvas.line([hip, foot], high * 0.12, canvas.about(0.62, 0.4, 0.3))
        canvas.line([neck, hand], high * 0.1, shirt)
    canvas.line([hip, neck], high * 0.2, shirt)
    canvas.disc(neck[0], neck[1] - high * 0.12, high * 0.11, skin)


def _climbing(canvas: Canvas) -> None:
    sky(canvas, 1)
    edge, slope = canvas.between(0.25, 0.7), canvas.between(-0.2, 0.25)
    rock = canvas.about(0.08, 0.25, 0.5)
    canvas.shape([(edge + slope, 0), (1, 0), (1, 1), (edge, 1)], rock)
    for _ in range(int(canvas.random.integers(8, 25))):
        x, y = canvas.between(edge, 1), canvas.between(0, 1)
        crack = [(x, y), (x + canvas.between(-0.06, 0.06), y + canvas.between(0.03, 0.15))]
        canvas.line(crack, 0.008, canvas.about(0.08, 0.3, 0.3))
    for _ in range(int(canvas.random.integers(1, 4))):
        x, y = canvas.between(edge + 0.05, 0.95), canvas.between(0.35, 0.95)
        rope = [(x, y - 0.1), (x + canvas.between(-0.05, 0.05), 0)]
        canvas.line(rope, 0.008, canvas.about(canvas.random.random(), 0.8, 0.9))
        person(canvas, x, y, canvas.between(0.1, 0.26), lean=canvas.between(0.5, 1.2))


def _rafting(canvas: Canvas) -> None:
    _outdoors(canvas, canvas.between(0.2, 0.4))
    level = canvas.between(0.4, 0.6)
    _lake(canvas, level)
    for _ in range(int(canvas.random.integers(10, 30))):
        place = canvas.between(0, 1), canvas.between(level + 0.05, 1)
        canvas.disc(*place, canvas.between(0.01, 0.05), colour(0.55, 0.05, 0.97), 0.4)
    x, y, wide = canvas.between(0.3, 0.7), canvas.between(0.65, 0.88), canvas.between(0.14, 0.3)
    for number in range(int(canvas.random.integers(1, 5))):
        person(canvas, x - wide / 2 + wide * (number + 0.5) / 4, y, wide * 0.6, lean=0.6)
    boat = canvas.about(canvas.random.random(), 0.85, 0.85)
    hull = [(x - wide / 2, y - 0.02), (x + wide / 2, y - 0.02), (x + wide * 0.4, y + 0.09)]
    canvas.shape([*hull, (x - wide * 0.4, y + 0.09)], boat)


def _flying(canvas: Canvas) -> None:
    _outdoors(canvas, canvas.between(0.55, 0.8))
    for _ in range(int(canvas.random.integers(1, 4))):
        x, y, wide = (
            canvas.between(0.2, 0.8),
            canvas.between(0.15, 0.45),
            canvas.between(0.06, 0.24),
        )
        wing: Colour = canvas.about(canvas.random.random(), 0.85, 0.9)
        angles = [math.pi * step / 10 for step in range(11)]
        arch = [(x - wide / 2 * math.cos(a), y - wide / 3 * math.sin(a)) for a in angles]
        canvas.shape([*arch, (x, y - wide / 8)], wing)
        for end in (arch[0], arch[-1]):
            canvas.line([end, (x, y + wide * 0.5)], 0.005, colour(0, 0, 0.2))
        person(canvas, x, y + wide * 0.75, max(0.08, wide * 0.45), lean=0.3)


def _cycling(canvas: Canvas) -> None:
    _outdoors(canvas, canvas.between(0.25, 0.5))
    track = canvas.about(0.1, 0.35, 0.6)
    left, right = canvas.between(0.7, 0.85), canvas.between(0.7, 0.85)
    canvas.shape([(0, left), (1, right), (1, right + 0.12), (0, left + 0.12)], track)
    for _ in range(int(canvas.random.integers(1, 4))):
        x, size = canvas.between(0.15, 0.85), canvas.between(0.03, 0.09)
        y = left + (right - left) * x
        for side in (-1, 1):
            canvas.disc(x + side * size, y, size * 0.75, colour(0, 0, 0.12))
            canvas.disc(x + side * size, y, size * 0.55, track)
        frame = canvas.about(canvas.random.random(), 0.9, 0.85)
        canvas.line([(x - size, y), (x, y - size), (x + size, y)], size * 0.2, frame)
        person(canvas, x, y - size * 0.6, size * 3, lean=canvas.between(0.5, 1))
