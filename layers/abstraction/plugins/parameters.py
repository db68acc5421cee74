"""From declared parameters to an algorithm's own type."""

from __future__ import annotations

from typing import Any

import msgspec

from minerva.algorithm import Algorithm
from minerva.conversion import explained
from minerva.errors import Fault, InvalidConfiguration, MinervaError


def read_parameters(algorithm: Algorithm, declared: dict[str, Any]) -> Any:
    """Turn declared parameters into the algorithm's own type. Raises InvalidConfiguration."""
    try:
        return msgspec.convert(declared, algorithm.Parameters)
    except msgspec.ValidationError as error:
        raise InvalidConfiguration(
            f"The parameters do not fit algorithm {algorithm.name}.",
            faults=explained(error, declared, algorithm.Parameters, "/parameters"),
        ) from error
    except MinervaError:
        raise
    except Exception as error:
        raise InvalidConfiguration(
            f"Algorithm {algorithm.name} could not read its parameters: {type(error).__name__}.",
            faults=[Fault("/parameters", "the algorithm failed to read them")],
        ) from error
