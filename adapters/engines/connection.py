"""A connection to a cluster whose workers can do the work."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dask
from distributed import Client
from distributed.security import Security
from distributed.versions import VersionMismatchWarning

from minerva.adapters.engines.address import SchedulerAddress
from minerva.adapters.engines.failures import translated
from minerva.errors import Fault, InvalidConfiguration, Unavailable

CONNECT_S = 10
"""A scheduler answers within milliseconds, or it is away."""
FIRST_WORKER_S = 20
"""A cluster that grows on demand has no worker yet."""
POLL_S = 0.2
EQUAL = ("minerva-sidecar", "distributed", "dask")
"""What job, scheduler and workers must have in the same version, Python's minor version beside it."""
LEARNERS = ("xgboost-cpu", "xgboost")
"""Two names for what workers must have in the job's version: with and without code for GPUs."""


@contextmanager
def connected(
    address: SchedulerAddress, first_worker_s: float = FIRST_WORKER_S
) -> Iterator[Client]:
    """Yield a client of a cluster that has workers and fits.

    Raises Unavailable or InvalidConfiguration.
    """
    quick = {
        "distributed.comm.timeouts.connect": f"{CONNECT_S}s",
        "distributed.comm.retry.count": 0,
    }
    with dask.config.set(quick), translated(address):
        client = _client(address)
        try:
            _wait_for_worker(client, address, first_worker_s)
            check_versions(client.get_versions(packages=[*EQUAL, *LEARNERS]))
            yield client
        finally:
            client.close(timeout=CONNECT_S)


def _client(address: SchedulerAddress) -> Client:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", VersionMismatchWarning)  # `check_versions` says it better
        return Client(
            str(address), timeout=CONNECT_S, set_as_default=False, security=_security(address)
        )


def _security(address: SchedulerAddress) -> Security | None:
    """Return what dask's own settings say about certificates."""
    if not address.tls:
        return None
    security = Security(require_encryption=True)
    if not security.tls_ca_file or not security.tls_client_cert:
        raise InvalidConfiguration(
            "An engine at tls:// needs certificates in Dask's settings: set "
            "DASK_DISTRIBUTED__COMM__TLS__CA_FILE, …__TLS__CLIENT__CERT and …__TLS__CLIENT__KEY."
        )
    return security


def _wait_for_worker(client: Client, address: SchedulerAddress, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not client.scheduler_info()["workers"]:
        if time.monotonic() > deadline:
            raise Unavailable(
                f"The Dask scheduler at {address} has no workers: start some.", retry_after_s=10
            )
        time.sleep(POLL_S)


def check_versions(versions: Mapping[str, Any]) -> None:
    """Raise InvalidConfiguration if a scheduler or worker cannot work with this process.

    `versions` is as `Client.get_versions` tells them.
    """
    ours = versions["client"]["packages"]
    faults = _differences("the scheduler", ours, versions["scheduler"]["packages"], EQUAL)
    for worker, told in versions["workers"].items():
        theirs = told["packages"]
        faults += _differences(f"worker {worker}", ours, theirs, EQUAL)
        faults += _learners(worker, ours, theirs)
    if faults:
        raise InvalidConfiguration(
            "The Dask cluster has other libraries than Minerva: install the same versions there.",
            faults=faults,
        )


def _differences(
    who: str,
    ours: Mapping[str, str | None],
    theirs: Mapping[str, str | None],
    names: tuple[str, ...],
) -> list[Fault]:
    compared = {name: (ours.get(name), theirs.get(name)) for name in names}
    compared["Python"] = (_minor(ours.get("python")), _minor(theirs.get("python")))
    return [
        Fault(who, _said(name, here, there))
        for name, (here, there) in compared.items()
        if here != there
    ]


def _learners(
    worker: str, ours: Mapping[str, str | None], theirs: Mapping[str, str | None]
) -> list[Fault]:
    here, there = (next(filter(None, map(side.get, LEARNERS)), None) for side in (ours, theirs))
    return [] if here == there else [Fault(f"worker {worker}", _said("xgboost", here, there))]


def _said(name: str, here: str | None, there: str | None) -> str:
    return f"has no {name} (here: {here})" if there is None else f"has {name} {there}, not {here}"


def _minor(version: str | None) -> str:
    return ".".join((version or "").split(".")[:2])
