"""What an error of dask means: a cluster that is away (try again), or what a worker found (as it is)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from distributed.scheduler import KilledWorker

from minerva.adapters.engines.address import SchedulerAddress
from minerva.errors import AlgorithmFailed, InvalidConfiguration, MinervaError, Unavailable


@contextmanager
def translated(address: SchedulerAddress) -> Iterator[None]:
    """Let what dask raises about the connection be Unavailable."""
    from asyncio import CancelledError as AsyncCancelledError
    from concurrent.futures import CancelledError

    try:
        yield
    except MinervaError:
        raise
    except (OSError, TimeoutError, CancelledError, AsyncCancelledError) as error:
        raise away(address) from error


def away(address: SchedulerAddress) -> Unavailable:
    """Say that the scheduler does not answer."""
    return Unavailable(
        f"The Dask scheduler at {address} does not answer: start it, or correct `engine` under `training`.",
        retry_after_s=10,
    )


def lost(worker: str) -> Unavailable:
    """Say that a worker ended, and what for usually."""
    return Unavailable(
        f"Dask worker {worker} ended in the middle of the work; its log says why. If its memory was "
        "used up, give it more, or fewer threads.",
        retry_after_s=10,
    )


def short_of_memory(worker: str) -> Unavailable:
    """Say that a worker was given nothing to do for too long."""
    return Unavailable(
        f"Dask worker {worker} has been paused for its memory: give it more, or add workers.",
        retry_after_s=10,
    )


def worst(errors: Sequence[BaseException]) -> BaseException:
    """Return the error that explains the others: workers that lost each other only follow from one."""
    return min(errors, key=lambda error: (isinstance(error, Unavailable), not _ours(error)))


def told(error: BaseException, doing: str) -> BaseException:
    """Return what is raised for an error that came back from a worker."""
    if _ours(error):
        return error
    if isinstance(error, KilledWorker):
        return lost(str(getattr(error, "last_worker", "") or "that had the task"))
    if isinstance(error, ModuleNotFoundError):
        return InvalidConfiguration(
            f"The Dask workers lack the module {error.name!r}: install it there as it is here."
        )
    return AlgorithmFailed(
        f"A Dask worker failed in {doing} ({type(error).__name__}); see its log."
    )


def _ours(error: BaseException) -> bool:
    return isinstance(error, MinervaError | MemoryError)
