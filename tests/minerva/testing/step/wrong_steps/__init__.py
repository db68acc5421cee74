"""Steps that keep the contract, one of each shape, and many that break one promise each: a plugin."""

from minerva import hookimpl

from . import conduct, declaring, making
from .right import RIGHT, WRONG

__all__ = ["conduct", "declaring", "making"]


@hookimpl
def minerva_steps():
    return [kind() for kind in [*RIGHT, *WRONG]]
