"""A PyTorch program that was read, and how it is asked."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minerva import InvalidData
from minerva.layers.application.models.libraries import library
from minerva.layers.application.models.torch_archive import kind_of, refuse_code
from minerva.layers.application.models.trial import reason

TABLE = 2


@dataclass(frozen=True, eq=False)
class Program:
    """What `torch.export` or TorchScript kept of a module."""

    module: Any
    torch: Any
    dtype: type[np.floating[Any]]
    width: int | None
    """How many features it takes; None where it does not say."""
    size: int | None = None
    """How many records at once; None: any number."""

    def __call__(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Return the answer to rows of shape (n, features), as an array."""
        if self.size == 1 and len(rows) != 1:
            return np.concatenate([self(rows[i : i + 1]) for i in range(len(rows))])
        with self.torch.inference_mode():
            told = self.module(self.torch.from_numpy(np.ascontiguousarray(rows)))
        if not isinstance(told, self.torch.Tensor):
            raise InvalidData("The program does not answer with one tensor.")
        return np.asarray(told.detach().cpu().to(self.torch.float64).numpy())


def read_program(path: Path, *, allow_pickle: bool) -> Program:
    """Read the file. Raises InvalidData for what is damaged, not trusted, or takes no table."""
    torch = library("torch", "torch", "PyTorch")
    kind = kind_of(path)
    if kind == "other":
        raise InvalidData(
            f"{path.name} is no PyTorch program: it is truncated, damaged or of another format; save "
            "it with `torch.export.save`."
        )
    if kind == "pickle":
        raise InvalidData(
            f"{path.name} holds weights or a pickled module, but no program: load it where its class "
            "is, and save it with `torch.export.save(torch.export.export(module, (example,)), …)`."
        )
    if kind == "exported" and path.suffix != ".pt2":
        raise InvalidData(f"{path.name} is an exported program: give its name the end .pt2.")
    if kind == "exported" and not allow_pickle:
        refuse_code(path, torch)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _exported(path, torch) if kind == "exported" else _script(path, torch)
    except InvalidData:
        raise
    except Exception as error:
        raise InvalidData(
            f"PyTorch {torch.__version__} cannot read {path.name}: it is damaged or of another version "
            f"({reason(error).rstrip('.')})."
        ) from error


def _exported(path: Path, torch: Any) -> Program:
    program = torch.export.load(str(path))
    wanted = set(program.graph_signature.user_inputs)
    tensors = [
        node.meta["val"]
        for node in program.graph.nodes
        if node.op == "placeholder" and node.name in wanted
    ]
    if len(tensors) != 1 or not isinstance(tensors[0], torch.Tensor) or tensors[0].ndim != TABLE:
        raise InvalidData(f"{path.name} does not take one tensor of shape (records, features).")
    size, width = tensors[0].shape
    if isinstance(size, int) and size != 1:
        raise InvalidData(
            f"{path.name} takes exactly {size} records at once: export it with a dynamic first "
            "dimension, `dynamic_shapes=({0: torch.export.Dim('records')},)`."
        )
    return Program(
        module=program.module(),
        torch=torch,
        dtype=_dtype(tensors[0].dtype, torch, path),
        width=width if isinstance(width, int) else None,
        size=size if isinstance(size, int) else None,
    )


def _script(path: Path, torch: Any) -> Program:
    """TorchScript tells no shapes: the first matrix of weights has a column for each feature."""
    module = torch.jit.load(str(path), map_location="cpu").eval()
    weights = list(module.parameters())
    tables = [one for one in weights if one.ndim == TABLE]
    dtype = weights[0].dtype if weights else torch.float32
    width = int(tables[0].shape[1]) if tables else None
    return Program(module, torch, _dtype(dtype, torch, path), width)


def _dtype(dtype: Any, torch: Any, path: Path) -> type[np.floating[Any]]:
    known: dict[Any, type[np.floating[Any]]] = {
        torch.float32: np.float32, torch.float64: np.float64, torch.float16: np.float16
    }  # fmt: skip
    if dtype not in known:
        raise InvalidData(f"{path.name} takes a tensor of {dtype}, not of floats.")
    return known[dtype]
