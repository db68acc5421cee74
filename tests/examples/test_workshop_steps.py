"""The workshop's drawing and its two steps: what is drawn is true, whatever the light, and is counted."""

import numpy as np
import pytest
from bays import NUMBERS, Bays, Occupancy, evened, measured
from drawing import drawn
from lessons import Folder
from scene import BAYS, CENTRES, HEIGHT, WIDTH, Scene

from minerva import Field, FieldType, InvalidConfiguration, Items, StepContext

TEXT = Field(type=FieldType.TEXT)
BAY = Field(type=FieldType.CATEGORY, values=BAYS)
SHARE = Field(type=FieldType.NUMBER)
PLACES = {"left": (0, 0, 0.5, 1), "right": (0.5, 0, 1, 1)}


def test_the_same_seed_draws_the_same_and_another_one_another_workshop():
    one, same, other = (next(drawn(Scene(seed, 60), 20, 1)) for seed in (5, 5, 6))

    assert (one.picture == same.picture).all()
    assert (one.picture != other.picture).mean() > 0.5


def test_a_bay_that_holds_a_car_differs_from_the_floor():
    scene = Scene(3, 60)
    middles = {True: [], False: []}
    for second in range(0, 60, 3):
        picture = evened(scene.picture(second).astype(float))
        for (x, y), held in zip(CENTRES, scene.truth(second), strict=True):
            around = picture[int(y) - 8 : int(y) + 8, int(x) - 8 : int(x) + 8]
            middles[bool(held)].append(np.abs(around.mean(axis=(0, 1)) - 1).max())

    assert min(map(len, middles.values())) > 10
    assert np.median(middles[True]) > 2 * np.median(middles[False])


def test_cars_come_and_go():
    scene = Scene(3, 120)
    truths = np.array([scene.truth(second) for second in range(120)])

    assert (truths.any(axis=0) & ~truths.all(axis=0)).all()


def test_a_lamp_that_is_turned_down_changes_no_number():
    bright = Scene(3, 60).picture(10).astype(float)

    lit, dim = (
        np.array(measured(evened(picture)[:90, 20:120])) for picture in (bright, bright / 3)
    )

    assert lit == pytest.approx(dim, abs=1e-6)
    assert len(lit) == len(NUMBERS)


def test_a_car_that_crosses_the_aisle_disturbs_no_bay():
    free = Scene(3, 60).picture(10).astype(float)
    crossed = free.copy()
    crossed[105:185, 170:212] = 15.0

    one, other = (np.array(measured(evened(picture)[:90, 140:245])) for picture in (free, crossed))

    assert np.abs(one - other).max() < 0.05


def test_a_camera_that_is_noisy_changes_numbers_little():
    calm = Scene(3, 60).picture(10).astype(float)
    noisy = calm + np.random.default_rng(0).normal(0, 6, calm.shape)

    one, other = (np.array(measured(evened(picture)[:90, 20:120])) for picture in (calm, noisy))

    assert np.abs(one - other).max() < 0.05


@pytest.fixture
def spread(tmp_path):
    """Have the step look at files of a volume; return what it made and what failed."""

    def run(*files, places=PLACES):
        step, fields, failed = Bays(), {"file": TEXT}, {}
        wanted = step.Parameters(places=places)
        items = Items.single(fields, {"file": np.array(files, object)}, len(files))
        context = StepContext(
            wanted,
            step.outputs(fields, wanted),
            tmp_path,
            Folder(tmp_path),
            fail=failed.__setitem__,
        )
        return step.run(items, context), failed

    return run


def write_picture(path, picture):
    """Write a PNG file."""
    from PIL import Image

    Image.fromarray(picture).save(path, "PNG")


def test_each_bay_of_each_frame_is_measured_in_its_place(spread, tmp_path):
    picture = np.full((60, 80, 3), 100, np.uint8)
    picture[:20, 40:] = 200  # above the aisle, on the right
    write_picture(tmp_path / "a.png", picture)

    made, failed = spread("a.png", "a.png")

    assert failed == {}
    assert made.of.tolist() == [0, 0, 1, 1]
    assert made.columns["bay"].tolist() == [0, 1, 0, 1]
    assert made.columns["light_00"] == pytest.approx([1, 2, 1, 2], abs=0.4)
    assert made.columns["light_30"] == pytest.approx([1, 1, 1, 1], abs=0.01)


def test_a_frame_that_is_no_picture_fails_alone(spread, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"PK\x03\x04" + bytes(500))
    write_picture(tmp_path / "a.png", np.full((60, 80, 3), 100, np.uint8))

    made, failed = spread("bad.png", "a.png")

    assert failed == {0: "The frame is no picture that can be read."}
    assert made.of.tolist() == [1, 1]


def test_a_tiny_frame_is_measured_all_the_same(spread, tmp_path):
    write_picture(tmp_path / "a.png", np.full((12, 12, 3), 100, np.uint8))

    made, _ = spread("a.png")

    assert all(np.isfinite(column).all() for column in made.columns.values())


def test_a_bay_without_room_is_told_when_the_flow_is_read(spread):
    with pytest.raises(InvalidConfiguration, match="places/left: ends before it begins"):
        spread(places={"left": (0.5, 0, 0.5, 1)})


def counted(bays, chances, of, records):
    """What the step makes of rows, and which records fail."""
    step, fields, failed = Occupancy(), {"bay": BAY, "chance": SHARE}, {}
    columns = {"bay": np.array(bays, np.int32), "chance": np.array(chances, float)}
    items = Items(fields, columns, np.array(of, np.intp), records)
    made = step.outputs(fields, step.Parameters())
    columns = step.run(
        items, StepContext(step.Parameters(), made, None, None, fail=failed.__setitem__)
    )
    assert columns.keys() == made.keys()
    return columns, failed


def test_the_cars_of_a_record_are_those_bays_whose_mean_chance_says_so():
    frames = [[0.9, 0.1, 0.5, 0.2, 0.1, 0.0], [0.7, 0.0, 0.9, 0.9, 0.1, 0.0]]

    made, failed = counted([*range(6)] * 2, np.ravel(frames), [0] * 12, 1)

    assert failed == {}
    assert made["cars"].tolist() == [3]
    assert [bay for bay in BAYS if made[bay][0]] == ["bay_1", "bay_3", "bay_4"]
    assert made["bay_4.true"].tolist() == pytest.approx([0.55])


def test_records_are_counted_by_themselves_and_one_that_lacks_a_bay_fails():
    made, failed = counted([*range(6), *range(5)], [1] * 11, [0] * 6 + [1] * 5, 2)

    assert made["cars"][0] == 6
    assert failed == {1: "Not all of the bays were seen."}


def test_the_flow_cuts_where_the_bays_are_drawn():
    import yaml
    from drawing import HERE

    flow = yaml.safe_load((HERE / "flows" / "workshop.yaml").read_text("utf-8"))
    places = flow["parameters"]["steps"]["bays"]["parameters"]["places"]

    assert list(places) == list(BAYS)
    for (x, y), (left, top, right, bottom) in zip(CENTRES, places.values(), strict=True):
        assert (left + right) / 2 * WIDTH == pytest.approx(x, abs=1)
        assert (top + bottom) / 2 * HEIGHT == pytest.approx(y, abs=1)
