"""The plots of docs/benchmarks.md and docs/scaling.md: drawn from its tables, and up to date."""

import re
import runpy
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).parents[2]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def plot():
    """What the script defines; it lies in no package, and finds its neighbours in its own folder."""
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(ROOT / "benchmarks")
        return SimpleNamespace(**runpy.run_path(str(ROOT / "benchmarks" / "plot.py")))


def lengths(drawn: str) -> list[float]:
    """How long each bar is."""
    return [float(bar.get("width")) for bar in ET.fromstring(drawn).iter(f"{SVG}rect")]


def test_the_plots_are_those_of_the_page_as_it_is(plot):
    for name, drawn in plot.every_plot():
        found = (plot.IMAGES / name).read_text(encoding="utf-8")
        assert found == drawn, f"run python benchmarks/plot.py: docs/images/{name} is out of date"


def test_every_plot_is_shown_on_a_page(plot):
    pages = "".join(page.read_text(encoding="utf-8") for page in (plot.PAGE, plot.SCALING))
    shown = set(re.findall(r"\(images/([\w.]+)\)", pages))
    assert shown == {file.name for file in plot.IMAGES.iterdir()}


def test_a_bar_is_as_long_as_its_number_says(plot):
    bars = [plot.Bar("slow", 40.0, "40 ms"), plot.Bar("fast", 10.0, "10 ms")]
    slow, fast = lengths(plot.svg("two", bars))
    assert slow == 4 * fast


def test_labels_may_hold_what_is_markup_in_a_picture(plot):
    drawn = plot.svg("a < b & c", [plot.Bar("<x>", 1.0, "1 & 2")])
    texts = [text.text for text in ET.fromstring(drawn).iter(f"{SVG}text")]
    assert texts == ["a < b & c", "<x>", "1 & 2"]


def test_a_table_is_read_below_its_heading(plot):
    page = "\n## One\n\n| a | b |\n|---|---|\n| p50 | 1 ms |\n\n## Two\n\n| c |\n|---|\n| 2 |\n"
    assert plot.table(page, "One") == [["p50", "1 ms"]]
    assert plot.table(page, "Two") == [["2"]]


@pytest.mark.parametrize(
    ("cell", "expected"), [("18 µs", 18), ("1,976 µs", 1976), ("18.8 ms (1.13 times)", 18.8)]
)
def test_a_cell_begins_with_its_number(plot, cell, expected):
    assert plot.number(cell) == expected


def test_a_cell_without_a_number_is_refused(plot):
    with pytest.raises(ValueError, match="does not begin with a number"):
        plot.number("fast")
