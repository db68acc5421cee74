"""Scenes of what people have built: historical, urban, shopping."""

from __future__ import annotations

from scenery.canvas import Canvas, Colour, colour
from scenery.nature import person, sky


def historical(canvas: Canvas) -> None:
    """Draw a castle, a temple or a ruin of arches; sometimes in front of a town, often with visitors."""
    sky(canvas, 1)
    ground = canvas.between(0.68, 0.85)
    if canvas.often(0.3):
        _skyline(canvas, ground, 0.4)
    canvas.ridge(ground - 0.05, canvas.between(0.01, 0.06), canvas.about(0.25, 0.35, 0.5, 0.1))
    stone = canvas.about(0.1, 0.18, canvas.between(0.45, 0.85))
    kind = (_castle, _temple, _arches)[int(canvas.random.integers(3))]
    kind(canvas, ground, stone)
    _visitors(canvas, ground + 0.1)


def urban(canvas: Canvas) -> None:
    """Draw towers with rows of windows along a street; sometimes an old gate, or shops on the ground."""
    sky(canvas, 1)
    street = canvas.between(0.75, 0.9)
    _skyline(canvas, street, 0.4)
    _skyline(canvas, street, 1)
    if canvas.often(0.2):
        x, wide = canvas.between(0, 0.7), canvas.between(0.15, 0.3)
        stone = canvas.about(0.1, 0.18, 0.6)
        canvas.box(x, street - 0.25, x + wide, street, stone)
        _battlements(canvas, (x, street - 0.25, x + wide), stone)
    if canvas.often(0.35):
        _awnings(canvas, street - 0.17, street - 0.1, int(canvas.random.integers(2, 6)))
    canvas.box(0, street, 1, 1, canvas.about(0.6, 0.05, 0.35))
    for _ in range(int(canvas.random.integers(0, 6))):
        _car(canvas, canvas.between(0, 0.9), canvas.between(street + 0.02, 0.95))
    _visitors(canvas, street + 0.1)


def shopping(canvas: Canvas) -> None:
    """Draw shelves full of goods, or shop windows below awnings."""
    if canvas.often(0.55):
        _shelves(canvas)
    else:
        _shop_windows(canvas)
    for _ in range(int(canvas.random.integers(0, 4))):
        _bag(canvas)
    _visitors(canvas, 0.97)


def _visitors(canvas: Canvas, ground: float) -> None:
    for _ in range(int(canvas.random.integers(1, 4)) if canvas.often(0.4) else 0):
        person(canvas, canvas.between(0, 1), ground, canvas.between(0.1, 0.25))


def _skyline(canvas: Canvas, street: float, depth: float) -> None:
    """Draw a row of towers; those with a depth below 1 stand behind, closer to each other."""
    x = canvas.between(-0.1, 0)
    while x < 1:
        wide = canvas.between(0.09, 0.24)
        high = canvas.between(0.2, 0.75) * (1.1 - 0.3 * depth)
        _tower(canvas, x, street - high, x + wide, street)
        x += wide + (canvas.between(0.01, 0.08) if depth == 1 else 0)


def _darker(fill: Colour, share: float) -> Colour:
    red, green, blue = (round(part * share) for part in fill)
    return red, green, blue


def _battlements(canvas: Canvas, box: tuple[float, float, float], stone: Colour) -> None:
    left, top, right = box
    count = max(3, round((right - left) / 0.03))
    step = (right - left) / (2 * count - 1)
    for number in range(count):
        start = left + 2 * number * step
        canvas.box(start, top - 0.035, start + step, top, stone)


def _castle(canvas: Canvas, ground: float, stone: Colour) -> None:
    left, right = canvas.between(0.1, 0.3), canvas.between(0.65, 0.95)
    wall = ground - canvas.between(0.15, 0.3)
    canvas.box(left, wall, right, ground, stone)
    _battlements(canvas, (left, wall, right), stone)
    pointed = canvas.often(0.5)
    for _ in range(int(canvas.random.integers(2, 5))):
        x, wide = canvas.between(left, right - 0.08), canvas.between(0.06, 0.13)
        top = wall - canvas.between(0.05, 0.28)
        canvas.box(x, top, x + wide, ground, _darker(stone, canvas.between(0.8, 1.1)))
        _battlements(canvas, (x, top, x + wide), stone)
        if pointed:
            roof = [(x - 0.01, top), (x + wide / 2, top - 0.16), (x + wide + 0.01, top)]
            canvas.shape(roof, canvas.about(0.02, 0.5, 0.4))
        canvas.box(x + wide * 0.4, top + 0.05, x + wide * 0.6, top + 0.1, _darker(stone, 0.4))
    gate = (left + right) / 2
    canvas.disc(gate, ground - 0.1, 0.06, _darker(stone, 0.35))
    canvas.box(gate - 0.04, ground - 0.1, gate + 0.04, ground, _darker(stone, 0.35))


def _temple(canvas: Canvas, ground: float, stone: Colour) -> None:
    left, right = canvas.between(0.08, 0.3), canvas.between(0.65, 0.92)
    top = ground - canvas.between(0.25, 0.42)
    canvas.box(left, top, right, ground, _darker(stone, 0.5))
    count = int(canvas.random.integers(4, 9))
    for number in range(count):
        x = left + (right - left) * (number + 0.5) / count
        half = (right - left) / count * canvas.between(0.22, 0.3)
        canvas.box(x - half, top, x + half, ground, stone)
    canvas.box(left - 0.03, top - 0.04, right + 0.03, top, _darker(stone, 0.9))
    canvas.box(left - 0.05, ground - 0.03, right + 0.05, ground + 0.02, _darker(stone, 0.85))
    if canvas.often(0.75):
        peak = ((left + right) / 2, top - canvas.between(0.1, 0.2))
        canvas.shape([(left - 0.03, top - 0.04), peak, (right + 0.03, top - 0.04)], stone)


def _arches(canvas: Canvas, ground: float, stone: Colour) -> None:
    left, right = canvas.between(0, 0.2), canvas.between(0.75, 1)
    count, tiers = int(canvas.random.integers(3, 7)), int(canvas.random.integers(1, 4))
    high = canvas.between(0.14, 0.22)
    gap = _darker(stone, canvas.between(0.3, 0.5))
    for tier in range(tiers):
        bottom = ground - tier * high
        end = right if tier == 0 else right - (right - left) * canvas.between(0, 0.5)
        canvas.box(left, bottom - high, end, bottom, _darker(stone, 1 - 0.06 * tier))
        for number in range(count):
            x = left + (right - left) * (number + 0.5) / count
            half = (right - left) / count * 0.3
            if x + half < end:
                canvas.disc(x, bottom - high * 0.55, half * 1.3, gap)
                canvas.box(x - half, bottom - high * 0.55, x + half, bottom, gap)


def _tower(canvas: Canvas, left: float, top: float, right: float, street: float) -> None:
    wall = canvas.about(canvas.between(0.05, 0.65), 0.15, canvas.between(0.25, 0.75))
    canvas.box(left, top, right, street, wall)
    lit = canvas.about(0.14, 0.5, 0.95) if canvas.often(0.5) else canvas.about(0.57, 0.3, 0.8)
    columns, rows = int(canvas.random.integers(2, 6)), max(2, round((street - top) / 0.07))
    wide, high = (right - left) / columns, (street - top) / rows
    for row in range(rows):
        for column in range(columns):
            x, y = left + column * wide, top + row * high
            fill = lit if canvas.often(0.75) else _darker(wall, 0.5)
            canvas.box(x + wide * 0.25, y + high * 0.25, x + wide * 0.75, y + high * 0.75, fill)


def _car(canvas: Canvas, x: float, y: float) -> None:
    body = canvas.about(canvas.random.random(), 0.7, 0.75)
    canvas.box(x, y, x + 0.1, y + 0.035, body)
    canvas.box(x + 0.025, y - 0.025, x + 0.075, y, _darker(body, 0.7))
    for wheel in (0.02, 0.08):
        canvas.disc(x + wheel, y + 0.035, 0.016, colour(0, 0, 0.08))


def _shelves(canvas: Canvas) -> None:
    canvas.fade(canvas.about(0.1, 0.15, 0.85), canvas.about(0.08, 0.2, 0.55))
    rows = int(canvas.random.integers(3, 6))
    board = canvas.about(0.08, 0.45, canvas.between(0.3, 0.7))
    for row in range(rows):
        bottom = (row + 1) * 0.9 / rows
        x = canvas.between(0, 0.05)
        while x < 1:
            wide, high = canvas.between(0.02, 0.09), canvas.between(0.4, 0.85) * 0.9 / rows
            goods = canvas.about(canvas.random.random(), 0.75, 0.8, 0.1)
            if canvas.often(0.25):
                canvas.disc(x + wide / 2, bottom - wide * 0.7, wide * 0.7, goods)
            else:
                canvas.box(x, bottom - high, x + wide, bottom, goods)
            x += wide + canvas.between(0, 0.03)
        canvas.box(0, bottom, 1, bottom + 0.02, board)


def _shop_windows(canvas: Canvas) -> None:
    if canvas.often(0.5):
        sky(canvas, 1)
        _skyline(canvas, 0.9, 1)
        canvas.box(0, 0.15, 1, 1, canvas.about(canvas.random.random(), 0.25, 0.6))
    else:
        canvas.fade(canvas.about(canvas.random.random(), 0.25, 0.7), canvas.about(0.08, 0.2, 0.5))
    count = int(canvas.random.integers(1, 4))
    for number in range(count):
        left, right = (number + 0.08) / count, (number + 0.92) / count
        canvas.box(left, 0.3, right, 0.85, canvas.about(0.13, 0.25, 0.95))
        for _ in range(int(canvas.random.integers(2, 5))):
            x = canvas.between(left + 0.03, right - 0.03)
            dress = canvas.about(canvas.random.random(), 0.75, 0.75)
            canvas.shape([(x, 0.45), (x - 0.04, 0.8), (x + 0.04, 0.8)], dress)
            canvas.disc(x, 0.42, 0.035, canvas.about(0.07, 0.2, 0.85))
    _awnings(canvas, 0.18, 0.32, count)
    canvas.box(0, 0.88, 1, 1, canvas.about(0.6, 0.05, 0.5))


def _awnings(canvas: Canvas, top: float, bottom: float, count: int) -> None:
    """Draw striped awnings in a row."""
    for number in range(count):
        left, right = (number + 0.08) / count, (number + 0.92) / count
        hue, stripes = canvas.random.random(), int(canvas.random.integers(4, 9))
        for stripe in range(stripes):
            start = left + (right - left) * stripe / stripes
            fill = canvas.about(hue, 0.8, 0.8) if stripe % 2 else colour(0, 0, 0.95)
            canvas.box(start, top, start + (right - left) / stripes, bottom, fill)


def _bag(canvas: Canvas) -> None:
    x, y, size = canvas.between(0.05, 0.85), canvas.between(0.7, 0.85), canvas.between(0.06, 0.12)
    fill = canvas.about(canvas.random.random(), 0.7, 0.85)
    canvas.disc(x + size / 2, y, size * 0.35, _darker(fill, 0.5))
    canvas.box(x, y, x + size, y + size * 1.3, fill)
