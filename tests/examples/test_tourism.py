"""The parts of the tourism example: drawn scenes, the network, the ranking, the page, the monolith."""

import base64
import csv
from io import BytesIO
from pathlib import Path

import monolith
import numpy as np
import onnxruntime
import pytest
import yaml
from albums import TASTES, draw
from PIL import Image
from scenery.page import Photo, Place, page
from scenery.scenes import SCENES, drawn

from minerva import InvalidConfiguration, InvalidInput, TrainingContext
from minerva.layers.abstraction.training.train import nothing
from minerva.schema import Decoder, Schema
from minerva.testing import algorithms_in

EXAMPLE = Path(__file__).parents[2] / "examples" / "tourism"
NETWORK = EXAMPLE / "models" / "scenes.onnx"


def declared(service):
    """The schema and the parameters of a service of the example."""
    found = yaml.safe_load((EXAMPLE / "services" / f"{service}.yaml").read_text("utf-8"))
    return Schema.parse(found["schema"]), found["parameters"]


def model(service, plugin, workspace=EXAMPLE, **changes):
    """A model of a service, and what reads its records."""
    (algorithm,) = algorithms_in(EXAMPLE / "plugins" / plugin)
    schema, parameters = declared(service)
    wanted = algorithm.Parameters(**{**parameters, **changes})
    context = TrainingContext(schema=schema, parameters=wanted, workspace=workspace)
    return algorithm.train(nothing(schema).data, context), Decoder(schema)


@pytest.fixture(scope="module")
def album(tmp_path_factory):
    """A small album of somebody who loves castles, and the class of each file."""
    folder = tmp_path_factory.mktemp("album") / "cleo"
    return folder, draw(folder, "cleo", TASTES["cleo"], photos=12, size=(300, 200))


def test_the_committed_network_tells_scenes_that_it_has_never_seen():
    pictures, kinds = drawn(300, 32, seed=99)
    session = onnxruntime.InferenceSession(str(NETWORK), providers=["CPUExecutionProvider"])

    (told,) = session.run(None, {"image": pictures.transpose(0, 3, 1, 2).astype("float32") / 255})

    right = told.argmax(axis=1) == kinds
    assert right.mean() > 0.93
    assert all(right[kinds == kind].mean() > 0.8 for kind in range(len(SCENES)))
    assert NETWORK.stat().st_size < 300_000


def test_scenes_are_the_same_for_the_same_seed_and_differ_among_each_other():
    pictures, kinds = drawn(20, 16, seed=1)
    again, _ = drawn(20, 16, seed=1)
    others, _ = drawn(20, 16, seed=2)

    assert (pictures == again).all()
    assert len({picture.tobytes() for picture in [*pictures, *others]}) == 40
    assert np.bincount(kinds).tolist() == [4] * len(SCENES)


def test_an_album_is_the_same_every_time_and_shows_what_its_user_likes(album, tmp_path):
    folder, kinds = album

    again = draw(tmp_path, "cleo", TASTES["cleo"], photos=12, size=(300, 200))

    assert again == kinds
    assert set(kinds.values()) <= set(TASTES["cleo"])
    assert [path.read_bytes() for path in sorted(folder.iterdir())] == [
        path.read_bytes() for path in sorted(tmp_path.iterdir())
    ]


def test_each_taste_is_whole():
    assert all(sum(taste.values()) == pytest.approx(1) for taste in TASTES.values())
    assert all(set(taste) <= set(SCENES) for taste in TASTES.values())


def test_the_service_answers_a_batch_as_the_network_answers_each_picture(album):
    folder, _ = album
    scene, decoder = model("scene", "scene_network.py")
    texts = [small(path, 32) for path in sorted(folder.iterdir())] * 3

    chances = scene.predict(decoder.records([{"image": text} for text in texts]))["scene"]

    expected = monolith.classified(folder, monolith.opened(NETWORK))
    assert chances == pytest.approx(np.array([*expected.values()] * 3), abs=1e-5)


def test_the_service_shrinks_larger_pictures_itself(album):
    folder, _ = album
    scene, decoder = model("scene", "scene_network.py")
    path = min(folder.iterdir())
    whole = base64.b64encode(path.read_bytes()).decode()

    large, little = scene.predict(decoder.records([{"image": whole}, {"image": small(path, 32)}]))[
        "scene"
    ]

    assert large == pytest.approx(little, abs=1e-5)


def small(path, side):
    """A photo as the flow hands it on."""
    written = BytesIO()
    with Image.open(path) as photo:
        photo.resize((side, side), Image.Resampling.BICUBIC).save(written, "PNG")
    return base64.b64encode(written.getvalue()).decode()


def test_texts_that_are_no_pictures_are_named_and_refused(album):
    folder, _ = album
    scene, decoder = model("scene", "scene_network.py")
    good = small(min(folder.iterdir()), 32)
    bomb = BytesIO()
    Image.new("1", (3000, 3000)).save(bomb, "PNG")
    texts = [good, "text", good[:200], base64.b64encode(bomb.getvalue()).decode(), ""]

    with pytest.raises(InvalidInput) as caught:
        scene.predict(decoder.records([{"image": text} for text in texts]))

    assert [fault.where for fault in caught.value.faults] == [
        f"/records/{row}/image" for row in (1, 2, 3, 4)
    ]


@pytest.mark.parametrize(
    "path", ["models/none.onnx", "../tourism/../weather/README.md", "README.md"]
)
def test_a_file_that_is_no_network_is_refused(path):
    with pytest.raises(InvalidConfiguration):
        model("scene", "scene_network.py", path=path)


def test_who_loves_one_thing_is_sent_where_it_is():
    ranking, decoder = model("places", "places.py")
    names = list(declared("places")[0].output["place"].values)
    loves = [dict.fromkeys(SCENES, 0.0) | {kind: 0.8} for kind in SCENES]

    scores = ranking.predict(decoder.records(loves))["place"]

    best = [names[row] for row in scores.argmax(axis=1)]
    assert best == ["sunset-ridge", "eagle-wall", "moon-temple", "tower-view", "star-mall"]
    assert scores.sum(axis=1) == pytest.approx(np.ones(5))


def test_who_loves_nothing_is_sent_anywhere():
    ranking, decoder = model("places", "places.py")

    scores = ranking.predict(decoder.records([dict.fromkeys(SCENES, 0.0)]))["place"]

    assert scores == pytest.approx(np.full((1, 24), 1 / 24))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda text: text.replace("star-mall", "moon-mall"),
            "Schema and file name different places.",
        ),
        (lambda text: text.replace("0.95", "much", 1), "The file of places cannot be used."),
        (lambda text: text.replace("urban", "town", 1), "The file of places cannot be used."),
    ],
)
def test_a_file_of_places_that_does_not_fit_is_refused(change, said, tmp_path):
    text = (EXAMPLE / "places.csv").read_text("utf-8")
    (tmp_path / "places.csv").write_text(change(text), "utf-8")

    with pytest.raises(InvalidConfiguration, match=said):
        model("places", "places.py", tmp_path)


def test_the_monolith_ranks_as_the_service_does():
    ranking, decoder = model("places", "places.py")
    profile = {
        "landscape": 0.1,
        "adventure": 0.0,
        "historical": 0.7,
        "urban": 0.2,
        "shopping": 0.05,
    }

    (scores,) = ranking.predict(decoder.records([profile]))["place"]

    assert list(monolith.ranked(profile, monolith.places(EXAMPLE / "places.csv")).values()) == (
        pytest.approx(scores.tolist(), abs=1e-6)
    )


@pytest.mark.needs("chromium")
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_fits_the_screen_and_shows_pictures_profile_and_map(
    browser, album, width, tmp_path
):
    folder, kinds = album
    with (EXAMPLE / "places.csv").open(encoding="utf-8") as file:
        places = [
            Place(row["name"], float(row["x_km"]), float(row["y_km"]), float(row["historical"]))
            for row in csv.DictReader(file)
        ]
    photos = [Photo(folder / name, {kind: 0.9, "urban-ish": 0.1}) for name, kind in kinds.items()]
    photos.append(Photo(folder / "<odd>.jpg", {}, "The picture breaks off or is damaged."))
    written = tmp_path / "page.html"
    written.write_text(page("cleo <3", photos, {"historical": 0.73, "urban": 0.2}, places), "utf-8")
    complaints, asked = [], []
    sheet = browser.new_page(viewport={"width": width, "height": 844})
    sheet.on("console", lambda said: complaints.append(said.text))
    sheet.on("pageerror", lambda failure: complaints.append(failure.message))
    sheet.on("request", lambda request: asked.append(request.url.partition(":")[0]))

    sheet.goto(written.as_uri())

    assert sheet.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert sheet.evaluate("[...document.images].every(one => one.naturalWidth > 0)")
    assert sheet.locator("figure").count() == 13
    assert sheet.locator("svg circle").count() == 24
    assert sheet.locator("li").first.inner_text().startswith("Castle Rock")
    assert "The picture breaks off" in sheet.locator("figure").last.inner_text()
    assert "73" in sheet.locator(".bar").first.inner_text()
    assert set(asked) <= {"file", "data"}
    assert complaints == []
    sheet.close()


@pytest.fixture(scope="module")
def browser(chromium):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
        )
        yield browser
        browser.close()
