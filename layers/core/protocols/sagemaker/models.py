"""Models by name: `churn` is what a service's aliases name, `churn:2` its version 2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from minerva.errors import Fault, InvalidBody, InvalidInput, NotFound
from minerva.schema.decoder import pointer
from minerva.schema.value import kind

MOST_DIGITS = 9


@dataclass(frozen=True)
class Model:
    """A service, or one version of it."""

    service: str
    number: int | None = None

    @classmethod
    def named(cls, name: str) -> Model:
        """Read a name. Raises NotFound for what cannot be one."""
        service, colon, number = name.partition(":")
        if not colon:
            return cls(service)
        if not (number.isascii() and number.isdigit() and len(number) <= MOST_DIGITS):
            raise NotFound("There is no such model: names are SERVICE or SERVICE:VERSION.")
        return cls(service, int(number))

    @property
    def name(self) -> str:
        return self.service if self.number is None else f"{self.service}:{self.number}"

    @property
    def url(self) -> str:
        """Where SageMaker would put the model's files; here a name, and nothing is read from it."""
        return f"/opt/ml/models/{self.name}/model"

    def to_json(self) -> dict[str, str]:
        """Return how the model is listed."""
        return {"modelName": self.name, "modelUrl": self.url}


def read_load(sent: Any) -> Model:
    """Return the model that is to be loaded. Raises InvalidBody, InvalidInput or NotFound."""
    if type(sent) is not dict:
        fault = Fault("", f"expected an object, got {kind(sent)}")
        raise InvalidBody("The body is not a JSON object.", faults=[fault])
    for name in ("model_name", "url"):
        if type(sent.get(name)) is not str:
            raise _misfit(f"/{name}", f"expected text, got {kind(sent.get(name))}")
    for name in sent:
        if name not in {"model_name", "url"}:
            raise _misfit(f"/{pointer(name)}", "not known here; known are model_name, url")
    model = Model.named(sent["model_name"])
    if sent["url"].rstrip("/") != model.url:
        message = f"expected {model.url}: a model is one that is declared here, none is fetched"
        raise _misfit("/url", message)
    return model


def _misfit(where: str, message: str) -> InvalidInput:
    return InvalidInput("The body does not fit this call.", faults=[Fault(where, message)])
