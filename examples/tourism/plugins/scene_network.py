"""`scene`: what a picture shows, told by a convolutional network that ONNX Runtime runs."""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from minerva import (
    Algorithm,
    Batch,
    Context,
    InvalidConfiguration,
    InvalidInput,
    Parameters,
    Predictions,
    Schema,
    TrainingContext,
    TrainingData,
    hookimpl,
)
from minerva.errors import Fault

FILE = "scenes.onnx"
FORMATS = ("JPEG", "PNG", "BMP")
AT_ONCE = 16
"""Pictures that go through the network together: more would gain nothing and take memory."""
PIXELS = 4_000_000
"""Most of one picture: the handler `images` makes them small, and others should too."""


class SceneParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of `scene`."""

    path: Annotated[str, msgspec.Meta(min_length=1, description="Network, .onnx, in the workspace")]


@dataclass(frozen=True, eq=False)
class SceneModel:
    """A network with a picture as its input and chances as its output; `run` is thread-safe."""

    session: Any
    side: int
    file: Path
    image: str
    scene: str

    def predict(self, batch: Batch) -> Predictions:
        """Return the chance of each class. Raises InvalidInput that names each text that is no picture."""
        texts = batch[self.image]
        width = len(batch.schema.output[self.scene].values)
        chances = np.empty((len(texts), width))
        for start in range(0, len(texts), AT_ONCE):
            pixels = _pictures(texts[start : start + AT_ONCE], self.side, start, self.image)
            (told,) = self.session.run(["scene"], {"image": pixels})
            chances[start : start + AT_ONCE] = told
        return {self.scene: chances / chances.sum(axis=1, keepdims=True)}

    def save(self, folder: Path) -> None:
        """Copy the network."""
        shutil.copyfile(self.file, folder / FILE)


class Scene(Algorithm):
    """A trained network that tells scenes; nothing is learnt here."""

    name = "scene"
    Parameters = SceneParameters
    needs_data = False
    runtime = "inline"

    def train(self, data: TrainingData, context: TrainingContext) -> SceneModel:
        """Open the network. Raises InvalidConfiguration if it is none for this schema."""
        del data
        root = context.workspace.resolve()
        path = (root / context.parameters.path).resolve()
        if not path.is_relative_to(root) or not path.is_file():
            fault = Fault("/parameters/path", "no such file in the workspace")
            raise InvalidConfiguration("There is no network to tell scenes with.", faults=[fault])
        return _model(path, context)

    def load(self, folder: Path, context: Context) -> SceneModel:
        """Open the copy that `save` made."""
        return _model(folder / FILE, context)


@hookimpl
def minerva_algorithms() -> Iterable[Algorithm]:
    """Bring the algorithm."""
    return [Scene()]


def _model(path: Path, context: Context) -> SceneModel:
    session = _session(path, context.threads)
    image, scene = _fields(context.schema)
    side, width = session.get_inputs()[0].shape[-1], session.get_outputs()[0].shape[-1]
    values = context.schema.output[scene].values
    if len(values) != width:
        fault = Fault(f"/schema/output/{scene}/values", f"are {len(values)}, not {width}")
        raise InvalidConfiguration(f"The network tells {width} scenes apart.", faults=[fault])
    return SceneModel(session, side, path, image, scene)


def _session(path: Path, threads: int) -> Any:
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # else it keeps files in the home folder
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
        (given,), (made,) = session.get_inputs(), session.get_outputs()
        fits = (given.name, made.name) == ("image", "scene") and len(given.shape) == 4  # noqa: PLR2004 - pictures, channels, rows, columns
    except Exception as error:  # ONNX Runtime's own classes have no base
        raise InvalidConfiguration("ONNX Runtime cannot read the network.") from error
    if not fits:
        raise InvalidConfiguration("The network does not make `scene` of `image`.")
    return session


def _fields(schema: Schema) -> tuple[str, str]:
    (image, *others), (scene, field) = schema.features, schema.target()
    if others or schema.inputs[image].type.value != "text" or field.type.value != "category":
        raise InvalidConfiguration("Algorithm scene makes a category of one text, the picture.")
    return image, scene


def _pictures(texts: NDArray[Any], side: int, start: int, name: str) -> NDArray[np.float32]:
    """Return pictures of shape (n, 3, side, side), 0 to 1."""
    pixels = np.empty((len(texts), side, side, 3), dtype=np.uint8)
    faults = []
    for row, text in enumerate(texts):
        try:
            pixels[row] = _decoded(text, side)
        except Exception:  # noqa: BLE001 - what decoders raise for broken files has no class in common
            said = "is no JPEG, PNG or BMP picture in base64, or too large a one"
            faults.append(Fault(f"/records/{start + row}/{name}", said))
    if faults:
        raise InvalidInput("Some texts are no pictures.", faults=faults)
    planes = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2), dtype=np.float32)
    return planes / np.float32(255)


def _decoded(text: str, side: int) -> NDArray[np.uint8]:
    from PIL import Image

    content = base64.b64decode(text, validate=True)
    with Image.open(BytesIO(content), formats=FORMATS) as image:
        if image.width * image.height > PIXELS:
            raise ValueError("too many pixels")
        picture = image.convert("RGB")
    if picture.size != (side, side):
        picture = picture.resize((side, side), Image.Resampling.BICUBIC)
    return np.asarray(picture)
