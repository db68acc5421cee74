"""`/metrics`, in Prometheus' text format: what autoscaling and alarms go by.

Written by hand: https://prometheus.io/docs/instrumenting/exposition_formats/ is one page, and its library
keeps the numbers of several processes in files. Nothing here names a tenant, a service or a caller, so
nobody needs a key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version

import structlog
from flask import Blueprint, Response

from minerva.errors import MinervaError
from minerva.layers.core.http.access import public
from minerva.layers.core.http.house import House

FORMAT = "text/plain; version=0.0.4; charset=utf-8"
Labels = Mapping[str, str]
Sample = tuple[Labels, float]

log = structlog.get_logger(layer="core")


def metrics(house: House) -> Blueprint:
    """Return the route `/metrics`."""
    routes = Blueprint("metrics", __name__)
    release = version("minerva-sidecar")

    @routes.get("/metrics")
    @public
    def show() -> Response:
        lines = [*_process(house, release), *_jobs(house)]
        return Response("\n".join(lines) + "\n", content_type=FORMAT)

    return routes


def _process(house: House, release: str) -> Iterator[str]:
    """What this container tells, all its web workers together."""
    totals = house.traffic.totals()
    ready = house.live.readiness().ready and not house.draining.is_set()
    answered = [({"status": f"{digit}xx"}, count) for digit, count in totals.answered.items()]
    yield from _family("minerva_info", "gauge", "The release", [({"version": release}, 1)])
    yield from _family("minerva_ready", "gauge", "1 if this is ready", [({}, int(ready))])
    yield from _family(
        "minerva_requests_in_flight",
        "gauge",
        "Requests that are being answered or wait for it",
        [({}, totals.in_flight)],
    )
    yield from _family("minerva_requests_total", "counter", "Requests answered", answered)
    yield from _family(
        "minerva_request_seconds_total",
        "counter",
        "How long answers took together",
        [({}, totals.seconds)],
    )


def _jobs(house: House) -> Iterator[str]:
    """What all workers on this database have to do: every container tells the same.

    Without a database there is nothing to tell, and the rest is told all the same.
    """
    try:
        load = house.jobs.load()
    except MinervaError as error:
        log.warning("metrics.no_jobs", reason=error.message)
        return
    samples = [
        ({"queue": queue, "state": state}, count)
        for queue, counts in load.items()
        for state, count in (("waiting", counts.waiting), ("running", counts.running))
    ]
    yield from _family("minerva_jobs", "gauge", "Jobs that may run now, and that run", samples)


def _family(name: str, kind: str, tells: str, samples: Iterable[Sample]) -> Iterator[str]:
    yield f"# HELP {name} {tells}"
    yield f"# TYPE {name} {kind}"
    for labels, value in samples:
        shown = ",".join(f'{label}="{text}"' for label, text in labels.items())
        yield f"{name}{{{shown}}} {value}" if shown else f"{name} {value}"
