"""Two steps of the workshop's flow: a frame becomes six bays in numbers, and bays are counted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from minerva import (
    Field,
    FieldType,
    InvalidConfiguration,
    InvalidInput,
    Items,
    Parameters,
    Spread,
    Step,
    StepContext,
    hookimpl,
)
from minerva.errors import Fault
from minerva.step import Columns, Fields

Picture = NDArray[np.float64]
"""Shape (height, width, 3), red, green and blue from 0 to 255."""
Part = Annotated[float, msgspec.Meta(ge=0, le=1)]
GRID = 4
"""A bay is looked at in so many by so many cells."""
HIDDEN, SMOOTH = 7, 30
"""Shares of a picture's width, to either side: in the first, more is floor than car; over the second, light
changes little."""
DARK = 0.45
"""Of the floor's light: windows, tyres and shadows are darker."""
SIDE = 24
"""Pixels of a bay, across and along, that are looked at."""
EVEN = 0.5
"""The chance from which a bay counts as occupied."""
MEASURES = ("light", "edges")
NUMBERS = (
    *(
        f"{measure}_{row}{column}"
        for measure in MEASURES
        for row in range(GRID)
        for column in range(GRID)
    ),
    "colour",
    "dark",
)


class BaysParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of `bays`."""

    places: Annotated[
        dict[str, tuple[Part, Part, Part, Part]],
        msgspec.Meta(
            min_length=1,
            description="Bay → left, top, right and bottom, as shares of the picture",
        ),
    ]


class Bays(Step):
    """A row for each bay of a frame: how light and how rough its parts are, whatever the lamps do."""

    name = "bays"
    role = "handle"
    shape = "spread"
    Parameters = BaysParameters
    inputs = {"file": ("text",)}  # noqa: RUF012 - read only, as the contract says
    label = "bay"
    batch = 16

    def outputs(self, inputs: Fields, parameters: Any) -> Fields:
        """Return the bay's name and its numbers. Raises InvalidConfiguration for a place without room."""
        del inputs
        faults = [
            Fault(f"/parameters/places/{name}", "ends before it begins")
            for name, (left, top, right, bottom) in parameters.places.items()
            if not (left < right and top < bottom)
        ]
        if faults:
            raise InvalidConfiguration("Some bays have no room.", faults=faults)
        bay = Field(type=FieldType.CATEGORY, values=tuple(parameters.places))
        return {"bay": bay, **{name: Field(type=FieldType.NUMBER) for name in NUMBERS}}

    def run(self, items: Items, context: StepContext) -> Spread:
        """Measure the bays of each frame; one that is no picture fails by itself."""
        places = context.parameters.places
        rows, of = [], []
        for row, file in enumerate(items["file"]):
            try:
                picture = evened(_opened(context, file))
            except InvalidInput as error:
                context.fail(row, error.message)
                continue
            rows += [measured(_cut(picture, place)) for place in places.values()]
            of += [row] * len(places)
        table = np.array(rows).reshape(len(rows), len(NUMBERS))
        columns: dict[str, Any] = dict(zip(NUMBERS, table.T, strict=True))
        codes = np.arange(len(rows), dtype=np.int32) % len(places)
        return Spread({"bay": codes, **columns}, np.array(of, dtype=np.intp))


class Occupancy(Step):
    """How many bays hold a car, and which: for each by the mean chance of all rows that tell of it.

    Given the bays of a frame it tells of that frame; given those of a clip, of most of the clip.
    """

    name = "occupancy"
    role = "post"
    shape = "gather"
    inputs = {"bay": ("category",), "chance": ("number",)}  # noqa: RUF012 - read only, as the contract says

    def outputs(self, inputs: Fields, parameters: Any) -> Fields:
        """Return the number of cars, and for each bay a yes or no and its chance."""
        del parameters
        bays = [str(value) for value in inputs["bay"].values]
        cars = Field(type=FieldType.INTEGER, minimum=0, maximum=len(bays))
        chance = Field(type=FieldType.NUMBER, minimum=0, maximum=1)
        held = {bay: Field(type=FieldType.BOOLEAN) for bay in bays}
        return {"cars": cars, **held, **{f"{bay}.true": chance for bay in bays}}

    def run(self, items: Items, context: StepContext) -> Columns:
        """Return a row for each record; one fails by itself if nothing is known of one of its bays."""
        bays = [str(value) for value in items.fields["bay"].values]
        width = len(bays)
        told = (items["bay"] >= 0) & ~np.isnan(items["chance"])
        cells = (items.of * width + items["bay"])[told]
        size = items.records * width
        rows = np.bincount(cells, minlength=size).reshape(-1, width)
        sums = np.bincount(cells, items["chance"][told], size).reshape(-1, width)
        for record in np.flatnonzero((rows == 0).any(axis=1)):
            context.fail(int(record), "Not all of the bays were seen.")
        chances = sums / np.maximum(rows, 1)
        held = (chances >= EVEN).astype(np.float64)
        columns = dict(zip(bays, held.T, strict=True))
        columns |= {f"{bay}.true": chance for bay, chance in zip(bays, chances.T, strict=True)}
        return {"cars": held.sum(axis=1), **columns}


def evened(picture: Picture) -> Picture:
    """Return a picture as if it were lit alike everywhere: the aisle's floor becomes 1, column by column.

    Lamps, clouds and shadows that pass change the aisle and the bays above and below it alike. A car in
    the aisle hides some columns' floor: they are told by those around them.
    """
    height, width = picture.shape[:2]
    aisle = picture[int(height * 0.4) : max(int(height * 0.6), int(height * 0.4) + 1)].mean(axis=2)
    floor = np.median(_around(np.median(aisle, axis=0), width // HIDDEN), axis=1)
    light = _around(floor, width // SMOOTH).mean(axis=1)
    return np.asarray(picture / np.maximum(light, 1.0)[np.newaxis, :, np.newaxis])


def _around(columns: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
    """Return each column with those around it, shape (width, 2 · reach + 1)."""
    padded = np.pad(columns, reach, mode="edge")
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1))


def measured(bay: Picture) -> list[float]:
    """Return the numbers of a bay, in the order of `NUMBERS`."""
    bay = _reduced(_reduced(bay, 0), 1)
    grey = bay.mean(axis=2)
    steps = np.abs(np.diff(grey, axis=0))[:, :-1] + np.abs(np.diff(grey, axis=1))[:-1]
    colours = bay.max(axis=2) - bay.min(axis=2)
    lights = [cell.mean() for cell in _cells(grey)]
    edges = [cell.mean() for cell in _cells(steps)]
    return [*lights, *edges, float(np.median(colours)), float((grey < DARK).mean())]


def _reduced(bay: Picture, axis: int) -> Picture:
    """Return a bay with fewer pixels along an axis, each the mean of some: noise is gone, cars are not."""
    pixels = bay.shape[axis]
    ends = np.linspace(0, pixels, min(SIDE, pixels) + 1).astype(np.intp)
    shape = [-1 if one == axis else 1 for one in range(bay.ndim)]
    sums: Picture = np.add.reduceat(bay, ends[:-1], axis=axis)
    return sums / np.diff(ends).reshape(shape)


def _cells(values: NDArray[np.float64]) -> Iterable[NDArray[np.float64]]:
    for band in np.array_split(values, GRID, axis=0):
        yield from np.array_split(band, GRID, axis=1)


def _cut(picture: Picture, place: tuple[float, float, float, float]) -> Picture:
    height, width = picture.shape[:2]
    left, top, right, bottom = place
    rows = slice(int(top * height), max(int(bottom * height), int(top * height) + GRID + 1))
    columns = slice(int(left * width), max(int(right * width), int(left * width) + GRID + 1))
    return picture[rows, columns]


def _opened(context: StepContext, file: str | None) -> Picture:
    import av

    if file is None:
        raise InvalidInput("There is no frame.")
    try:
        with context.volume.path(file).open("rb") as content, av.open(content, "r") as container:
            frame = next(container.decode(video=0))
    except (av.FFmpegError, StopIteration, IndexError) as error:
        raise InvalidInput("The frame is no picture that can be read.") from error
    return frame.to_ndarray(format="rgb24").astype(np.float64)


@hookimpl
def minerva_steps() -> Iterable[Step]:
    """Bring the steps."""
    return [Bays(), Occupancy()]
