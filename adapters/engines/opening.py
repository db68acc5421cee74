"""From a declared engine to the cluster behind it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from minerva.adapters.engines.address import read_address
from minerva.errors import Fault, InvalidConfiguration

if TYPE_CHECKING:
    from minerva.adapters.engines.dask_engine import DaskEngine


@dataclass(frozen=True)
class DaskEngines:
    """Satisfies `training.engine.Engines`: Dask is the one engine there is."""

    workspace: Path
    """Relative paths of data are below this folder."""
    database_timeout_s: float

    def check(self, engine: str) -> None:
        """Look for the library, and at an address that has no reference to expand."""
        if find_spec("distributed") is None or find_spec("dask") is None:
            raise InvalidConfiguration(
                'An engine needs Dask here: add it with `pip install "minerva-sidecar[dask]"`.',
                faults=[Fault("/training/engine", "Dask is not installed")],
            )
        if "${" not in engine:
            read_address(engine)

    def open(self, engine: str) -> DaskEngine:
        """Return the engine; it connects when it reads."""
        self.check(engine)
        from minerva.adapters.engines.dask_engine import DaskEngine

        return DaskEngine(read_address(engine), self.workspace, self.database_timeout_s)
