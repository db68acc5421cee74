"""`rules`: conditions that a person wrote, in a small safe language over the schema's fields.

The language is described in docs/rules.md: source → tokens → tree → compiled conditions over columns.
"""

from collections.abc import Iterable

from minerva import Algorithm, hookimpl
from minerva.layers.application.rules.algorithm import Rules

__all__ = ["Rules", "minerva_algorithms"]


@hookimpl
def minerva_algorithms() -> Iterable[Algorithm]:
    """Bring the algorithm."""
    return [Rules()]
