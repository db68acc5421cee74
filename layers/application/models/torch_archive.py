"""What a PyTorch file is, and whether reading it runs code.

`torch.export.load` reads pickles without restriction where a restricted reading fails, evaluates sizes
and guards as Python, and calls any function that a program names. Seen with PyTorch 2.13; what no export
writes is refused here beforehand.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

from minerva import InvalidData
from minerva.layers.application.models.workspace_file import head

Kind = Literal["exported", "script", "pickle", "other"]
EXPORTED = re.compile(r"[^/]+/models/[^/]+\.json|([^/]+/)?serialized_exported_program\.json")
UNSAFE = ("custom_obj_", "opaque_obj_")
NATIVE = (".so", ".dll", ".dylib")
WORD = re.compile(r"[^\W\d]\w*")
SYMBOL = re.compile(r"[suz]\d+")
"""How an export calls a size that is not known yet."""
WRITTEN = re.compile(
    r"Symbol\('[suz]\d+'(, \w+=(True|False))*\)|Float\('[\d.e+-]+', precision=\d+\)"
)
"""The same, in full, and a number."""
SIZE = re.compile(r"(?:[\w\s+\-*/%(),<>=&|~]|\d\.\d)*")
FUNCTIONS = frozenset({
    "Max", "Min", "Mod", "PythonMod", "FloorDiv", "CleanDiv", "ModularIndexing", "CeilToInt",
    "FloorToInt", "TruncToInt", "RoundToInt", "IntTrueDiv", "FloatTrueDiv", "ToFloat",
    "PowByNatural", "FloatPow", "Abs", "Eq", "Ne", "Lt", "Le", "Gt", "Ge", "And", "Or", "Not",
    "Where", "Identity", "Mul", "Add", "Pow", "Integer", "Rational", "Equality", "Unequality",
    "LessThan", "GreaterThan", "StrictLessThan", "StrictGreaterThan", "BooleanTrue", "BooleanFalse",
    "True", "False", "oo", "int_oo", "and", "or", "not",
})  # fmt: skip
"""What sizes may be computed with."""
OPERAND = re.compile(r"L\['\w+'\](\[\d+\])*(\.(size|stride)\(\)\[\d+\]|\.storage_offset\(\))")
"""What a guard, a condition on the inputs, may ask of them."""
TARGET = re.compile(
    r"torch\.ops\.[\w.]+|torch\.(_sym_\w+|sym_\w+)|math\.\w+"
    r"|_operator\.(add|sub|mul|floordiv|truediv|mod|pow|neg|pos|abs|getitem|eq|ne|lt|le|gt|ge|and_|or_|not_)"
)
"""What a program may call: PyTorch's operators, and arithmetic on sizes."""
NAME = re.compile(r"[\w.]*")


def kind_of(path: Path) -> Kind:
    """Tell the kind by the names in the file's table of contents."""
    if not head(path, 4).startswith(b"PK"):
        return "other"
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if min((one.header_offset for one in archive.infolist()), default=1):
                return "other"  # cut off: what is found is an archive inside of it
    except (OSError, zipfile.BadZipFile, ValueError):
        return "other"
    if any(EXPORTED.fullmatch(name) for name in names):
        return "exported"
    if any(name.endswith("/data.pkl") for name in names):
        return "script" if any("/code/" in name for name in names) else "pickle"
    return "other"


def refuse_code(path: Path, torch: Any) -> None:
    """Raise InvalidData for an exported program that would run code of its own when it is read.

    It is read by PyTorch's own reader, so that both see the same.
    """
    try:
        reader = torch._C.PyTorchFileReader(str(path))  # noqa: SLF001 - the reader that `load` uses
        names = list(reader.get_all_records())
        if len(set(names)) < len(names):
            raise _refusal(path, "holds two parts of one name")
        for name in names:
            if name.rpartition("/")[2].startswith(UNSAFE) or name.endswith(NATIVE):
                raise _refusal(path, "holds objects or native code beside its program")
            if name.endswith(".json"):
                _check_json(path, json.loads(reader.get_record(name)))
            elif name.endswith(".pt"):
                _check_pickle(path, reader.get_record(name), torch)
    except (RuntimeError, ValueError, TypeError, RecursionError) as error:
        raise InvalidData(
            f"{path.name} is no program that PyTorch {torch.__version__} can read: it is truncated "
            "or damaged."
        ) from error


def _check_pickle(path: Path, raw: bytes, torch: Any) -> None:
    if not raw:
        return
    try:
        torch.load(io.BytesIO(raw), weights_only=True)
    except Exception as error:
        raise _refusal(path, "holds a pickle of more than tensors") from error


def _check_json(path: Path, told: Any) -> None:
    for name, value in _members(told):
        if name == "use_pickle" and value:
            raise _refusal(path, "keeps tensors as pickles")
        if name in CHECKS and not CHECKS[name](value):
            raise _refusal(path, f"has a {name!r} that no export writes")


def _is_size(expression: Any) -> bool:
    short = WRITTEN.sub("s0", expression)
    return SIZE.fullmatch(short) is not None and all(
        word in FUNCTIONS or SYMBOL.fullmatch(word) for word in WORD.findall(short)
    )


def _is_guards(guards: Any) -> bool:
    return all(_is_size(OPERAND.sub("s0", guard)) for guard in guards)


CHECKS: dict[str, Callable[[Any], bool]] = {
    "expr_str": _is_size,
    "guards_code": _is_guards,
    "target": lambda target: TARGET.fullmatch(target) is not None,
    "name": lambda name: NAME.fullmatch(name) is not None,
}
"""Members of a program that PyTorch evaluates, or writes into code that it evaluates."""


def _members(told: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(told, dict):
        for name, value in told.items():
            yield name, value
            yield from _members(value)
    elif isinstance(told, list):
        for value in told:
            yield from _members(value)


def _refusal(path: Path, what: str) -> InvalidData:
    return InvalidData(
        f"{path.name} {what}, which could run any code when it is read: export the model again with "
        "tensors only, or, if you trust its source, say `allow_pickle: true` in the service."
    )
