"""`minerva build` makes an image of a workspace on the layer below, and the image serves."""

import json
import subprocess
import sys

import engine
import pytest
from declared import ANSWER

TAG = f"minerva-own:{engine.TAG}"


@pytest.fixture
def own(images, docker, tmp_path):
    """An image of a new workspace."""
    (tmp_path / "services").mkdir()
    (tmp_path / "services" / "answer.yaml").write_text(ANSWER)
    (tmp_path / "minerva.toml").write_text("")
    (tmp_path / ".env").write_text("PASSWORD=x")
    command = [sys.executable, "-m", "minerva.cli", "build", "--workspace", str(tmp_path)]
    command += ["--tag", TAG, "--from", images["abstraction"], "--engine", engine.DOCKER]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    yield TAG
    docker("rmi", "--force", TAG, check=False)


def test_the_image_of_a_workspace_stands_on_the_layer_below_and_serves(
    own, images, inspected, run, docker
):
    below = inspected(images["abstraction"])["RootFS"]["Layers"]
    assert inspected(own)["RootFS"]["Layers"][: len(below)] == below
    assert inspected(own)["Config"]["Labels"]["org.opencontainers.image.title"] == "minerva-own"

    sidecar = run(own)
    sidecar.wait_ready()

    listed = sidecar.exec("python", "-c", "import os; print(sorted(os.listdir('/workspace')))")
    assert listed == "['minerva.toml', 'services']\n"
    made = json.loads(
        sidecar.exec("minerva", "keys", "create", "us", "--scope", "predict", "--json")
    )
    key = f"--env=MINERVA_API_KEY={made['key']}"
    question = ("minerva", "predict", "answer", "--set", "question=why", "--json")
    told = json.loads(docker("exec", key, sidecar.name, *question))
    assert told["predictions"] == [{"answer": 42.0}]
