"""What is the same of two versions, and what is not, told by cause before effect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from minerva.layers.abstraction.registry.manifest import canonical

Manifest = Mapping[str, Any]
MODEL, PLUGIN = "model/", "plugin/"
EXPLAINED = {"data", "libraries", "metrics", "files", "plugin"}
"""Parts of a manifest whose differences have sentences of their own."""


@dataclass(frozen=True)
class Comparison:
    """A version beside the same one made again."""

    identical: bool
    """Whether every byte is the same, a signature by another key aside."""
    same_model: bool
    """Whether the model's files are the same."""
    differences: tuple[str, ...]
    """What differs, a sentence each: causes first."""

    @property
    def verdict(self) -> str:
        """Say it in a sentence."""
        if self.identical:
            return "Reproduced: byte for byte the same."
        if self.same_model:
            return "Reproduced: the model is the same; what differs is beside it."
        return "Not reproduced."


def compare(then: Manifest, now: Manifest) -> Comparison:
    """Compare two manifests."""
    files_then, files_now = then["files"], now["files"]
    told = {name for name in (*then, *now) if _text(then.get(name)) != _text(now.get(name))}
    told -= {"signed_by"}
    return Comparison(
        not told,
        _part(files_then, MODEL) == _part(files_now, MODEL),
        (*_differences(then, now), *_others(told)),
    )


def _others(told: set[str]) -> Iterator[str]:
    names = sorted(told - EXPLAINED)
    if names:
        yield f"Told otherwise: {', '.join(names)}."


def _differences(then: Manifest, now: Manifest) -> Iterator[str]:
    yield from _of_data(then.get("data") or {}, now.get("data") or {})
    yield from _of_libraries(then.get("libraries") or {}, now.get("libraries") or {})
    same_code = _code(then) == _code(now)
    if not same_code or _part(then["files"], PLUGIN) != _part(now["files"], PLUGIN):
        yield "The algorithm's code is another one."
    for name, value in (then.get("metrics") or {}).items():
        again = (now.get("metrics") or {}).get(name)
        if again != value:
            yield f"{name} was {_shown(value)}, is {_shown(again)}."
    changed = sorted(
        name
        for name in {*then["files"], *now["files"]}
        if then["files"].get(name) != now["files"].get(name)
    )
    if changed:
        yield f"Other bytes: {', '.join(changed)}."


def _of_data(then: Manifest, now: Manifest) -> Iterator[str]:
    if then.get("fingerprint") == now.get("fingerprint"):
        return
    was, now_are = then.get("rows", 0), now.get("rows", 0)
    rows = f"{was:,} rows then, {now_are:,} now" if was != now_are else f"{was:,} rows both times"
    yield f"The data has changed since: {rows}."


def _of_libraries(then: Manifest, now: Manifest) -> Iterator[str]:
    for name in sorted({*then, *now}):
        if then.get(name) != now.get(name):
            yield f"{name} was {then.get(name, 'absent')}, is {now.get(name, 'absent')}."


def _code(manifest: Manifest) -> Any:
    """Return the digest of the code that learnt, where a manifest tells it."""
    return (manifest.get("plugin") or {}).get("digest")


def _text(value: Any) -> bytes:
    """Return what a manifest's file holds of it: what came back from a database is no tuple any more."""
    return canonical(value)


def _part(files: Mapping[str, str], folder: str) -> dict[str, str]:
    return {name: digest for name, digest in files.items() if name.startswith(folder)}


def _shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, int | float) else "not measured"
