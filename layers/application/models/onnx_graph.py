"""What an ONNX file holds, read before ONNX Runtime does: operators, classes, other files it wants.

Field numbers are those of `onnx.proto`, https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from minerva import InvalidData
from minerva.layers.application.models.protobuf import Malformed, fields, integer, parts, text

MODEL_GRAPH, MODEL_FUNCTIONS, MODEL_TRAINING = 7, 25, 20
GRAPH_NODE, GRAPH_INITIALIZER, GRAPH_SPARSE = 1, 5, 15
FUNCTION_NAME, FUNCTION_NODE, FUNCTION_DOMAIN = 1, 7, 10
NODE_INPUT, NODE_OUTPUT = 1, 2
NODE_TYPE, NODE_ATTRIBUTE, NODE_DOMAIN = 4, 5, 7
ATTRIBUTE_NAME, ATTRIBUTE_INTS, ATTRIBUTE_STRINGS = 1, 8, 9
ATTRIBUTE_TENSORS, ATTRIBUTE_GRAPHS, ATTRIBUTE_SPARSE = (5, 10), (6, 11), (22, 23)
TENSOR_EXTERNAL, TENSOR_LOCATION = 13, 14
SPARSE_TENSORS = (1, 2)
EXTERNAL = 1
OWN = frozenset({"", "ai.onnx", "ai.onnx.ml", "ai.onnx.preview.training", "com.microsoft"})
"""Operators of the standard and of ONNX Runtime itself."""
LABELS = ("classlabels_int64s", "classlabels_ints", "classlabels_strings")
SAME = frozenset(
    {"Identity", "Reshape", "Concat", "Cast", "Squeeze", "Gather", "ArrayFeatureExtractor"}
)
"""Operators that hand values on as they are."""
DEEPEST = 50


@dataclass(frozen=True)
class OnnxFile:
    """The parts that matter before it is loaded."""

    foreign: tuple[str, ...]
    """Operators that ONNX Runtime cannot know, as `domain:operator`."""
    external: tuple[str, ...]
    """Files with weights, as the file names them."""
    classes: tuple[int | str, ...]
    """Labels of the classifier, in the order of its probabilities; empty where there is none."""
    texts: Mapping[str, tuple[str, ...]]
    """Input of text → the values that an encoder right behind it knows."""


def is_onnx(start: bytes, size: int) -> bool:
    """Tell from a file's first bytes: a small version, then fields of a model that fit its size."""
    position, numbers = 0, list[int]()
    view = memoryview(start)
    try:
        for number, value in fields(view):
            numbers.append(number)
            position += 1 if isinstance(value, int) else len(value)
    except Malformed:  # the graph is longer than what was read
        pass
    versioned = len(start) > 1 and start[0] == 0x08 and 0 < start[1] < 0x40  # noqa: PLR2004 - field 1, a varint of one byte
    return versioned and size > len(numbers) and set(numbers) <= {*range(1, 9), 14, 20, 25, 26}


def read_graph(raw: bytes, file: str) -> OnnxFile:
    """Walk through all graphs and functions. Raises InvalidData for what is no ONNX file."""
    model = memoryview(raw)
    try:
        graphs = list(parts(model, MODEL_GRAPH))
        if len(graphs) != 1 or not any(True for _ in parts(graphs[0], GRAPH_NODE)):
            raise _refusal(file)
        functions = list(parts(model, MODEL_FUNCTIONS))
        known = {(_domain(text(f, FUNCTION_DOMAIN)), text(f, FUNCTION_NAME)) for f in functions}
        trained = [
            g for one in parts(model, MODEL_TRAINING) for g in (*parts(one, 1), *parts(one, 2))
        ]
        nodes = [
            *_nodes([*graphs, *trained], GRAPH_NODE, DEEPEST),
            *_nodes(functions, FUNCTION_NODE, DEEPEST),
        ]
        tensors = [*_tensors([*graphs, *trained], DEEPEST), *_attribute_tensors(nodes)]
        return OnnxFile(
            foreign=tuple(dict.fromkeys(_foreign(nodes, known))),
            external=tuple(dict.fromkeys(one for t in tensors for one in _external(t))),
            classes=_classes(list(_nodes(graphs, GRAPH_NODE, 0))),
            texts=dict(_texts(list(_nodes(graphs, GRAPH_NODE, 0)))),
        )
    except Malformed as error:
        raise _refusal(file) from error


def companions(file: Path, external: tuple[str, ...]) -> list[Path]:
    """Return the files beside `file` that hold its weights.

    Raises InvalidData for one that is missing, or that is outside of the file's folder.
    """
    folder = file.parent.resolve()
    found = []
    for name in external:
        try:
            path = (folder / name).resolve()
            inside = not Path(name).is_absolute() and path.is_relative_to(folder)
            there = inside and path.is_file()
        except (OSError, ValueError, RuntimeError):  # a null byte; a link to itself
            inside = there = False
        if not inside:
            raise InvalidData(
                f"{file.name} wants weights from outside of its folder: export it again, with its "
                "weights inside or beside it."
            )
        if not there:
            raise InvalidData(
                f"{file.name} keeps its weights in {name!r}, which is not beside it: bring the folder "
                "that holds both."
            )
        found.append(path)
    return found


def _nodes(graphs: list[memoryview], number: int, deep: int) -> Iterator[memoryview]:
    for graph in graphs:
        for node in parts(graph, number):
            yield node
            for attribute in parts(node, NODE_ATTRIBUTE) if deep else ():
                inner = [g for kind in ATTRIBUTE_GRAPHS for g in parts(attribute, kind)]
                yield from _nodes(inner, GRAPH_NODE, deep - 1)


def _tensors(graphs: list[memoryview], deep: int) -> Iterator[memoryview]:
    for graph in graphs:
        yield from parts(graph, GRAPH_INITIALIZER)
        for sparse in parts(graph, GRAPH_SPARSE):
            yield from (t for number in SPARSE_TENSORS for t in parts(sparse, number))
        for node in parts(graph, GRAPH_NODE) if deep else ():
            inner = [
                g
                for attribute in parts(node, NODE_ATTRIBUTE)
                for kind in ATTRIBUTE_GRAPHS
                for g in parts(attribute, kind)
            ]
            yield from _tensors(inner, deep - 1)


def _attribute_tensors(nodes: list[memoryview]) -> Iterator[memoryview]:
    for node in nodes:
        for attribute in parts(node, NODE_ATTRIBUTE):
            yield from (t for number in ATTRIBUTE_TENSORS for t in parts(attribute, number))
            for number in ATTRIBUTE_SPARSE:
                for sparse in parts(attribute, number):
                    yield from (t for kind in SPARSE_TENSORS for t in parts(sparse, kind))


def _external(tensor: memoryview) -> Iterator[str]:
    if integer(tensor, TENSOR_LOCATION) != EXTERNAL:
        return
    for entry in parts(tensor, TENSOR_EXTERNAL):
        if text(entry, 1) == "location":
            yield text(entry, 2)


def _foreign(nodes: list[memoryview], known: set[tuple[str, str]]) -> Iterator[str]:
    for node in nodes:
        domain, operator = _domain(text(node, NODE_DOMAIN)), text(node, NODE_TYPE)
        if domain not in OWN and (domain, operator) not in known:
            yield f"{domain}:{operator}"


def _classes(nodes: list[memoryview]) -> tuple[int | str, ...]:
    """The last classifier of the graph decides; a ZipMap behind it repeats its labels."""
    labels: tuple[int | str, ...] = ()
    for node in nodes:
        for attribute in parts(node, NODE_ATTRIBUTE):
            if text(attribute, ATTRIBUTE_NAME) in LABELS:
                labels = (*_ints(attribute), *_strings(attribute))
    return labels


def _texts(nodes: list[memoryview]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Follow each one-hot encoder back through what changes no value, to an input of the graph."""
    origin: dict[str, str] = {}
    for node in nodes:
        inputs = [bytes(one).decode(errors="replace") for one in parts(node, NODE_INPUT)]
        kind = text(node, NODE_TYPE)
        if not inputs:
            continue
        source = origin.get(inputs[0], inputs[0])
        if kind in SAME and (kind != "Concat" or len(inputs) == 1):
            origin[text(node, NODE_OUTPUT)] = source
        if kind == "OneHotEncoder":
            for attribute in parts(node, NODE_ATTRIBUTE):
                if text(attribute, ATTRIBUTE_NAME) == "cats_strings":
                    yield source, tuple(_strings(attribute))


def _ints(attribute: memoryview) -> Iterator[int]:
    for number, value in fields(attribute):
        if number == ATTRIBUTE_INTS:
            packed = [value] if isinstance(value, int) else [v for _, v in _packed(value)]
            yield from (one - 2**64 if one >= 2**63 else one for one in packed)


def _packed(value: memoryview) -> Iterator[tuple[int, int]]:
    """Numbers that stand together without keys: read them as fields of one key each."""
    rest = bytes(value)
    while rest:
        end = next((i for i, byte in enumerate(rest) if byte < 0x80), None)  # noqa: PLR2004 - the last byte of a number has no high bit
        if end is None:
            raise Malformed
        number = sum((byte & 0x7F) << (7 * i) for i, byte in enumerate(rest[: end + 1]))
        yield end, number
        rest = rest[end + 1 :]


def _strings(attribute: memoryview) -> Iterator[str]:
    for value in parts(attribute, ATTRIBUTE_STRINGS):
        yield bytes(value).decode(errors="replace")


def _domain(name: str) -> str:
    return "" if name == "ai.onnx" else name


def _refusal(file: str) -> InvalidData:
    return InvalidData(f"{file} is no ONNX model: it is truncated, damaged or of another format.")
