"""Rules of the app's map of routes, made without what nobody asks of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from werkzeug.routing import Rule

Build = Callable[..., tuple[str, str]]


class Route(Rule):
    """A rule that compiles the functions that build its URL when a URL is first asked for.

    Werkzeug writes two of them for every rule, by way of a syntax tree: most of the time that making
    the app takes, and we link by paths. Threads may make apps at once: CPython 3.11 counts the depth of
    all trees that are being compiled in one place.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Build:  # noqa: FBT001, FBT002 - as there
        compiled = cache(super()._compile_builder)

        def build(rule: Rule, **values: Any) -> tuple[str, str]:
            return compiled(append_unknown)(rule, **values)

        return build
