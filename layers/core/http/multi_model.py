"""SageMaker's contract for a container with many models: to load a version is to make it the standby."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException

from minerva.errors import Conflict, InvalidInput, NotFound, Unavailable
from minerva.layers.abstraction.registry.records import STANDBY
from minerva.layers.abstraction.serving.live_service import LiveService
from minerva.layers.core.http.access import needs, principal
from minerva.layers.core.http.body import check_content_type, decode, read_bytes
from minerva.layers.core.http.house import House
from minerva.layers.core.http.json_answers import answer
from minerva.layers.core.http.models import LOOKERS, find_model
from minerva.layers.core.http.scoring import score
from minerva.layers.core.http.standby import PATIENCE_S, load_version, unload_version
from minerva.layers.core.protocols.sagemaker.models import Model, read_load


class InsufficientStorage(HTTPException):
    """507: no room for a model, which has the caller unload another one and come back."""

    code = HTTPStatus.INSUFFICIENT_STORAGE


def multi_model(house: House) -> Blueprint:
    """Return the routes below `/models`."""
    routes = Blueprint("multi_model", __name__)

    @routes.get("/models")
    @needs(*LOOKERS)
    def list_models() -> Response:
        """List what is in memory, all of it on one page."""
        house.live.catch_up()
        every = house.live.all(principal().tenant)
        return answer({"models": [one.to_json() for live in every for one in _loaded(live)]})

    @routes.post("/models")
    @needs("registry")
    def load_model() -> Response:
        check_content_type(request)
        model = read_load(decode(read_bytes(request)))
        _load(house, model)
        return answer(model.to_json())

    @routes.get("/models/<model>")
    @needs(*LOOKERS)
    def get_model(model: str) -> Response:
        return answer(_demand_loaded(house, Model.named(model)).to_json())

    @routes.delete("/models/<model>")
    @needs("registry")
    def unload_model(model: str) -> Response:
        """Let a version go that was loaded; what the other aliases name stays."""
        found = _demand_loaded(house, Model.named(model))
        champion = find_model(house, found.service).version
        number = champion.number if found.number is None and champion is not None else found.number
        unload_version(house, found.service, number)
        return Response()

    @routes.post("/models/<model>/invoke")
    @needs("predict")
    def invoke_model(model: str) -> Response:
        named = _demand_loaded(house, Model.named(model))
        return score(house, named.service, named.number)

    return routes


def _load(house: House, model: Model) -> None:
    """Load a model, in the contract's words: 409 is loaded already, 507 there is no room for it now."""
    house.live.catch_up()
    if _is_held(house, model):
        raise Conflict(f"Model {model.name!r} is loaded already.")
    try:
        _demand_room(house, model)
        load_version(house, model.service, model.number)
    except Unavailable as error:
        raise InsufficientStorage(error.message) from error
    except Conflict as error:  # it must not serve, whatever else is unloaded
        raise InvalidInput(error.message) from error


def _is_held(house: House, model: Model) -> bool:
    """Tell whether every web worker keeps a model: one that is only on its way out of this one's is not.

    Raises NotFound if there is no such service.
    """
    if model.number is None:
        return _is_loaded(house, model)
    find_model(house, model.service)
    return model.number in house.registry.aliases(principal().tenant, model.service).values()


def _demand_room(house: House, model: Model) -> None:
    """Raise Unavailable if another version is the standby: whoever loaded it relies on it."""
    aliases = house.registry.aliases(principal().tenant, model.service)
    if model.number is not None and STANDBY in aliases and model.number not in aliases.values():
        taken = Model(model.service, aliases[STANDBY]).name
        raise Unavailable(f"Model {taken!r} has the place of the standby: unload it first.")


def _loaded(live: LiveService) -> Iterator[Model]:
    """Give the models of a service that are in memory: itself, and each of its versions."""
    name = live.declaration.service
    if live.loaded is not None:
        yield Model(name)
    for number in sorted({one.version.number for one in live.in_memory()}):
        yield Model(name, number)


def _is_loaded(house: House, model: Model) -> bool:
    """Tell whether a model is in memory. Raises NotFound if there is no such service."""
    return model in _loaded(find_model(house, model.service))


def _demand_loaded(house: House, model: Model) -> Model:
    """Return a model that is in memory; one that another process was told to load is waited for."""
    if not _is_loaded(house, model):
        house.live.first(principal().tenant, model.service, PATIENCE_S)
    if not _is_loaded(house, model):
        raise NotFound(f"Model {model.name!r} is not loaded.")
    return model
