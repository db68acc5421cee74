"""The model repository extension: what is asked to be loaded, and how versions are told.

https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_model_repository.md
"""

from __future__ import annotations

from typing import Any

import msgspec

from minerva.errors import Fault, InvalidBody, MinervaError
from minerva.layers.core.protocols.oip.tensor import misfit, parameters_of
from minerva.schema.decoder import pointer
from minerva.schema.value import kind

CONFIG = "/parameters/config"
MOST = 10**9
"""No service has so many versions."""


def read_index(sent: Any) -> bool:
    """Return whether only what is ready is to be told. Raises InvalidInput."""
    ready = _object(sent).get("ready", False)
    if type(ready) is not bool:
        raise misfit("/ready", f"expected true or false, got {kind(ready)}")
    return ready


def read_version(sent: Any) -> int | None:
    """Return the version that a load or unload names, None if none. Raises InvalidInput.

    It is the parameter `version`, or stands in `config` where Triton's clients put it: in
    `version_policy.specific.versions`.
    """
    parameters = parameters_of(_object(sent), "")
    for name in parameters:
        if name.startswith("file:"):
            message = "models do not come this way: `minerva import` brings them"
            raise misfit(f"/parameters/{pointer(name)}", message)
    if parameters.get("config") is not None:
        return _configured(parameters["config"])
    if parameters.get("version") is not None:
        return _number(parameters["version"], "/parameters/version")
    return None


def entry(name: str, version: str, reason: str | None) -> dict[str, str]:
    """Return what the index tells of a version; without a reason against it, it is ready."""
    state = "READY" if reason is None else "UNAVAILABLE"
    return {"name": name, "version": version, "state": state, "reason": reason or ""}


def _object(sent: Any) -> dict[str, Any]:
    if type(sent) is not dict:
        raise InvalidBody(
            "The body is not a JSON object.", faults=[Fault("", "expected an object")]
        )
    return sent


def _configured(config: Any) -> int | None:
    try:
        told = msgspec.json.decode(config) if type(config) is str else None
    except (msgspec.DecodeError, RecursionError):
        told = None
    if type(told) is not dict:
        raise misfit(CONFIG, "expected text that holds a JSON object")
    if not {"name", "version_policy"}.issuperset(told):
        raise misfit(
            CONFIG, "only name and version_policy are known: a service's file says the rest"
        )
    policy = told.get("version_policy")
    match policy:
        case None:
            return None
        case {"specific": {"versions": [version]}}:
            return _number(version, CONFIG)
        case _:
            raise _unclear()


def _unclear() -> MinervaError:
    return misfit(CONFIG, 'expected {"version_policy": {"specific": {"versions": [N]}}}')


def _number(value: Any, where: str) -> int:
    """Read a version's number; answers tell it as text, so text is taken too."""
    if type(value) is str and value.isascii() and value.isdigit() and len(value) < 10:  # noqa: PLR2004 - as MOST
        return int(value)
    if type(value) is int and 0 <= value < MOST:
        return value
    raise misfit(where, "expected the number of a version")
