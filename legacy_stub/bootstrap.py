"""The composition root: turns settings into the parts that the commands work with."""

from dataclasses import dataclass

from sqlalchemy import Engine

from legacy_stub.credential import Credential
from legacy_stub.database import connect
from legacy_stub.settings import Settings
from legacy_stub.sidecar import Sidecar
from legacy_stub.transport import Transport


@dataclass(frozen=True, slots=True)
class Product:
    """The product, put together."""

    settings: Settings
    engine: Engine
    sidecar: Sidecar

    def close(self) -> None:
        """Let go of all connections."""
        self.sidecar.close()
        self.engine.dispose()


def assemble(settings: Settings) -> Product:
    """Put the product together; nothing is connected yet."""
    credential = Credential(settings.sidecar_key, settings.sidecar_key_file)
    return Product(
        settings=settings,
        engine=connect(settings.db_url),
        sidecar=Sidecar(Transport(settings.sidecar_url), credential, settings.service),
    )
