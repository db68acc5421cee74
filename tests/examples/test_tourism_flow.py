"""The tourism flow, whole: from an album to places to go."""

import shutil
import struct
import zipfile
import zlib
from pathlib import Path

import monolith
import numpy as np
import pytest
from albums import TASTES, draw
from result_page import shown
from scenery.scenes import SCENES
from waiting import wait_until

from minerva.bootstrap import open_web
from minerva.errors import InvalidInput
from minerva.layers.abstraction.flows.serving import traced
from minerva.layers.abstraction.serving.question import Question
from minerva.settings import load

EXAMPLE = Path(__file__).parents[2] / "examples" / "tourism"
SIZE = (600, 400)
TOLERANCE = 0.02
"""A photo that is decoded at a fraction of its size is a grey level off here and there."""
TIE = 0.05
"""Classes of one photo whose confidences are closer than this are a tie."""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """The example without the large network, and with small albums."""
    folder = tmp_path_factory.mktemp("tourism") / "workspace"
    left_out = shutil.ignore_patterns("data", ".minerva", "*large*")
    shutil.copytree(EXAMPLE, folder, ignore=left_out)
    for user in ("cleo", "eva"):
        draw(folder / "data" / "albums" / user, user, TASTES[user], photos=18, size=SIZE)
    return folder


@pytest.fixture(scope="module")
def container(workspace):
    """The workspace as a web worker has it."""
    with open_web(load(workspace, {})) as container:
        container.look()
        wait_until(lambda: container.live.find("default", "tourism").loaded)
        assert container.workspace_services.problems() == []
        yield container


@pytest.fixture
def album(workspace, request):
    """A function that makes an album of cleo's photos and some files more."""

    def make(**files):
        folder = workspace / "data" / "albums" / request.node.name
        shutil.copytree(workspace / "data" / "albums" / "cleo", folder)
        for name, content in files.items():
            (folder / name.replace("_", ".")).write_bytes(content)
        return folder

    return make


def asked(container, *albums):
    """The answers for some albums."""
    records = [{"user": f"owner of {album}", "album": album} for album in albums]
    return container.predictor.predict("default", "tourism", Question(records)).predictions


def run(container, album):
    """What each step makes of an album."""
    live = container.live.find("default", "tourism")
    batch = live.decoder.records([{"user": "somebody", "album": album}])
    return live.loaded.model.run(batch).state.made


def test_who_photographs_castles_is_sent_to_old_stones(container):
    (answer,) = asked(container, "cleo")

    profile = {name: answer[name] for name in SCENES}
    assert max(profile, key=profile.get) == "historical"
    assert profile["historical"] > 0.5
    assert answer["place"] in {"castle-rock", "moon-temple", "roman-aqueduct", "abbey-ruin"}
    assert sum(answer["place_probabilities"].values()) == pytest.approx(1, abs=1e-4)


def test_each_user_is_told_by_the_photos_in_their_own_album(container):
    together = asked(container, "eva", "cleo")

    assert together == asked(container, "eva") + asked(container, "cleo")
    assert together[0]["place"] in {"star-mall", "arcade-lane", "market-hall"}
    assert together[0]["user"] == "owner of eva"


@pytest.mark.parametrize("user", ["cleo", "eva"])
def test_the_flow_answers_as_the_program_does_that_is_not_made_of_steps(container, workspace, user):
    network = monolith.opened(EXAMPLE / "models" / "scenes.onnx")
    confidences = monolith.classified(workspace / "data" / "albums" / user, network)
    profile = monolith.fuzzified(confidences)
    ranking = monolith.ranked(profile, monolith.places(EXAMPLE / "places.csv"))

    scene = run(container, user)["scene"].columns
    (answer,) = asked(container, user)

    told = np.stack([scene[f"scene.{name}"] for name in SCENES], axis=1)
    expected = np.array(list(confidences.values()))
    second, first = np.sort(expected, axis=1)[:, -2:].T
    clear = first - second > TIE
    assert clear.sum() > 15
    assert (scene["scene"] == expected.argmax(axis=1))[clear].all()
    assert np.abs(told - expected).max() < TIE
    assert {name: answer[name] for name in SCENES} == pytest.approx(profile, abs=TOLERANCE)
    assert answer["place_probabilities"] == pytest.approx(ranking, abs=TOLERANCE)
    assert answer["place"] == max(ranking, key=ranking.get)


def test_an_album_without_a_photo_says_nothing(container, workspace):
    (workspace / "data" / "albums" / "empty").mkdir()

    (answer,) = asked(container, "empty")

    assert {name: answer[name] for name in SCENES} == dict.fromkeys(SCENES, 0)
    assert len(set(answer["place_probabilities"].values())) == 1


def test_an_album_that_is_not_there_is_told_with_the_step_that_looked_for_it(container):
    with pytest.raises(
        InvalidInput, match="Step 'photos' of the flow failed at record 0: there is"
    ):
        asked(container, "nobody")


def test_an_album_outside_the_albums_is_refused(container):
    with pytest.raises(InvalidInput, match="none below the place that the flow allows"):
        asked(container, "../../services")


def test_a_few_files_that_are_no_photos_are_left_out(container, album):
    folder = album(bomb_jpg=bomb())
    zipped(folder)
    truncated(folder)

    (answer,) = asked(container, folder.name)
    made = run(container, folder.name)

    names = made["photos"].columns["name"]
    assert names[~made["images"].there].tolist() == ["bomb.jpg", "cut.jpg", "zip.jpg"]
    (without,) = asked(container, "cleo")
    assert {name: answer[name] for name in SCENES} == {name: without[name] for name in SCENES}


def test_what_steps_made_of_one_photo_is_told_under_one_number(container, album):
    folder = album(a_jpg=bomb())
    live = container.live.find("default", "tourism")
    batch = live.decoder.records([{"user": "somebody", "album": folder.name}])

    told, error = traced(live.loaded.model, batch, ["photos", "scene", "profile"])

    assert error is None
    photos, scenes = told["steps"]["photos"], told["steps"]["scene"]
    assert [(one["row"], one["name"]) for one in photos[:2]] == [(0, "a.jpg"), (1, "photo-01.jpg")]
    assert [one["row"] for one in scenes] == list(range(1, 19))
    assert "row" not in told["steps"]["profile"][0]


def test_the_page_shows_the_photos_and_what_was_left_out(container, workspace, album):
    folder = album(a_jpg=bomb())
    live = container.live.find("default", "tourism")
    batch = live.decoder.records([{"user": "somebody", "album": folder.name}])
    told, _ = traced(live.loaded.model, batch, ["photos", "scene"])

    html = shown(folder.name, told, workspace)

    assert html.count("<img ") == 18
    assert html.count("It could not be read, and was left out.") == 1
    assert html.index("<figcaption>a.jpg") < html.index("photo-01.jpg, ")
    assert "http://" not in html.replace("http://www.w3.org", "")
    assert "https://" not in html


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("bomb", "the picture has 40000 x 40000 pixels; 50000000 are the most"),
        ("zip", "the file is no JPEG or PNG picture, whatever its name says"),
        ("cut", "the picture breaks off or is damaged"),
    ],
)
def test_too_many_of_them_are_told_with_the_step_and_the_file(container, album, kind, reason):
    made = {"bomb": lambda _: bomb(), "zip": zipped, "cut": truncated}[kind]
    folder = album()
    content = made(folder)
    for number in range(8):
        (folder / f"bad-{number}.jpg").write_bytes(content)

    with pytest.raises(InvalidInput) as caught:
        asked(container, folder.name)

    said = caught.value.message
    assert said.startswith("Step 'images' of the flow failed at record 0, photos ")
    assert f'.jpg"): {reason}.' in said


def zipped(folder):
    """Put an archive into an album under the name of a photo."""
    with zipfile.ZipFile(folder / "zip.jpg", "w") as archive:
        archive.writestr("photo.jpg", b"no matter")
    return (folder / "zip.jpg").read_bytes()


def truncated(folder):
    """Put half a photo into an album."""
    whole = (folder / "photo-01.jpg").read_bytes()
    (folder / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    return whole[: len(whole) // 2]


def bomb():
    """A small PNG that would unfold to 1.6 billion pixels."""
    parts = [
        (b"IHDR", struct.pack(">II5B", 40_000, 40_000, 1, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"\0" * 5_001)),
        (b"IEND", b""),
    ]
    chunks = [
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
