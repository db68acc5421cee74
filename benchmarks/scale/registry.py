"""What the registry costs the database and its readers: looks, changes, keys, reading everything."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

from scale.postgres import Postgres

if TYPE_CHECKING:
    from minerva.bootstrap import Container

SERVICES = (10, 100, 1_000, 10_000)
LOOKS, CHANGES = 100, 200
PAUSE_S = 0.1
"""Between looks: a connection that is asked twice a second finds the processor's caches cold each time."""
TENANT = "filled"


def measured(database: Postgres, container: Container, service: str) -> dict[str, float]:
    """Return the costs of looks, keys and changes; fills the registry with copies of a service."""
    from minerva.layers.abstraction.schedules.starters import Starters

    stores = container.stores

    def count_jobs() -> object:
        return stores.jobs.load(datetime.now(UTC))

    found = {
        "poll": _each(database, stores.revision.current, LOOKS, pause_s=PAUSE_S),
        "key": _each(database, lambda: stores.keys.find("nobody"), LOOKS, pause_s=PAUSE_S),
        "scrape": _each(database, count_jobs, LOOKS, pause_s=PAUSE_S),
    }
    base = database.spent(lambda: time.sleep(LOOKS * PAUSE_S))
    idle_s = base.cpu_s / base.seconds * PAUSE_S  # what it would have done between two looks anyway
    costs = {f"{name}_db_us": (db_s - idle_s) * 1e6 for name, (db_s, _) in found.items()}
    costs["poll_web_us"] = found["poll"][1] * 1e6
    costs["base_db_ms_per_s"] = base.cpu_s / base.seconds * 1e3
    made = 0
    for count in SERVICES:
        fill(container, service, made, count)
        database.ask("VACUUM ANALYZE")
        made = count
        turns = max(3, min(50, 2_000 // count))
        db_s, web_s = _each(database, stores.revision.served, turns)
        costs[f"all_{count}_db_ms"], costs[f"all_{count}_web_ms"] = db_s * 1e3, web_s * 1e3
        costs |= {
            f"change_{count}_{name}": cost for name, cost in _change(database, container).items()
        }

    def declared() -> object:
        return Starters(stores.revision)()

    db_s, clock_s = _each(database, declared, 3)
    costs |= {"clock_10000_db_ms": db_s * 1e3, "clock_10000_ms": clock_s * 1e3}
    content = "sum(octet_length(declaration::text)) FROM configurations"
    costs["configuration_bytes"] = database.number(f"SELECT {content}") / (made + 1)
    content = "sum(octet_length(manifest::text) + octet_length(metrics::text)) FROM versions"
    costs["version_bytes"] = database.number(f"SELECT {content}") / (made + 1)
    return costs


def fill(
    container: Container, service: str, first: int, count: int, *, served: bool = True
) -> None:
    """Insert copies of a service's configuration, as rows; and of its version, which nobody can load."""
    from minerva.adapters.metadata.tables import AliasChangeRow, ConfigurationRow, VersionRow
    from minerva.layers.abstraction.registry.records import CHAMPION

    registry, now = container.registry, datetime.now(UTC)
    configuration = registry.configuration("default", service)
    version = registry.version("default", service, 1)
    rows: dict[Any, list[Mapping[str, Any]]] = {
        ConfigurationRow: [], VersionRow: [], AliasChangeRow: []
    }  # fmt: skip
    for number in range(first, count):
        whose = {"tenant": TENANT, "service": f"s{number:05}", "created_at": now}
        rows[ConfigurationRow].append(
            whose
            | {"revision": 1, "digest": configuration.digest, "author": "", "reason": ""}
            | {"declaration": configuration.declaration, "origin": configuration.digest}
        )
        rows[VersionRow].append(
            whose
            | {"number": 1, "digest": f"{number:064}", "manifest": version.manifest}
            | {"metrics": version.metrics, "configuration_revision": 1}
        )
        rows[AliasChangeRow].append(
            whose | {"alias": CHAMPION, "position": 1, "number": 1, "author": "", "reason": ""}
        )
    with container.stores.database.engine.begin() as connection:
        for table, some in rows.items():
            if served or table is ConfigurationRow:
                connection.execute(insert(table), some)


def _change(database: Postgres, container: Container) -> dict[str, float]:
    """Return what reading one changed service costs, and what the change itself does."""
    stores = container.stores
    since = stores.revision.current()
    shares = iter(range(1, 10_000_000))

    def move() -> None:
        stores.aliases.point(
            TENANT, "s00000", "challenger", 1, "bench", "", datetime.now(UTC),
            share=next(shares) / 1e5,
        )  # fmt: skip

    written, _ = _each(database, move, CHANGES // 2)
    since = stores.revision.current()
    move()
    read, web = _each(database, lambda: stores.revision.served_since(since), CHANGES)
    stores.aliases.point(TENANT, "s00000", "challenger", None, "bench", "", datetime.now(UTC))
    return {"db_us": read * 1e6, "web_us": web * 1e6, "write_db_us": written * 1e6}


def _each(
    database: Postgres, work: Callable[[], object], turns: int, *, pause_s: float = 0.0
) -> tuple[float, float]:
    """Return the CPU seconds of one turn: the database's, and this process's."""
    for _ in range(min(turns, 10)):  # psycopg prepares what it has seen five times
        work()
    busy = time.process_time()

    def all_turns() -> None:
        for _ in range(turns):
            work()
            time.sleep(pause_s)

    spent = database.spent(all_turns)
    return spent.cpu_s / turns, (time.process_time() - busy) / turns
