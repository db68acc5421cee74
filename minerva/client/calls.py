"""The calls of a sidecar's REST API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote, urlencode
from uuid import uuid4

from minerva.client.about import About
from minerva.client.answers import Document, listed, member, read_object
from minerva.client.breaker import Breaker
from minerva.client.clock import SYSTEM_CLOCK, Clock
from minerva.client.following import follow
from minerva.client.line import AGAIN, Line, Terms
from minerva.client.paths import asking, given, layout, wishes
from minerva.client.paths import job as job_path
from minerva.client.paths import service as service_path
from minerva.client.policy import DEFAULT_POLICY, Policy
from minerva.client.predicting import FAILURES, degraded, question
from minerva.client.sending import PIECE, Sending, Told, send_whole
from minerva.errors import MinervaError


def _nobody(_sent: int, _size: int) -> None:
    """Is told how much of a file was sent."""


class Client:
    """Talks to one sidecar over connections that are kept alive; for any number of threads.

    `timeout_s` is for one call with all its tries; in sending files and following events, for each wait.
    Reads, predictions and submissions, which have an idempotency key, are repeated as `policy` says,
    and nothing else is.
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        timeout_s: float = 30.0,
        policy: Policy = DEFAULT_POLICY,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._line = Line(url, key, timeout_s, policy, clock)
        self.about = About(self._line)
        self._policy = policy
        self._clock = clock
        self._breakers: dict[str, Breaker] = {}

    @property
    def url(self) -> str:
        """Where the sidecar is."""
        return self._line.url

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up; a later call connects again."""
        self._line.close()

    def services(self) -> list[Document]:
        """List the services, by name."""
        return listed(self.service_list(), "services")

    def service_list(self) -> Document:
        """Return `{"services": […], "problems": […]}`: the services, and files that are none."""
        return self._line.get("/v1/services")

    def service(self, name: str) -> Document:
        """Describe one service: schema, serving version, aliases, what is wrong."""
        return member(self._line.get(service_path(name)), "service")

    def predict(  # noqa: PLR0913 - what may be asked, each by name
        self,
        service: str,
        records: Sequence[Mapping[str, Any]] | None = None,
        *,
        keys: Sequence[str | int] | None = None,
        explain: bool = False,
        confidence: bool = False,
        request_id: str | None = None,
        default: Mapping[str, Any] | None = None,
        key: str | None = None,
        timeout_s: float | None = None,
    ) -> Document:
        """Predict for records, or for the records of these keys in the service's own data.

        Returns `{"predictions": [{…}, …], "service", "version", "request_id", "degraded"}`; `confidence`
        adds to each the chance that it is right, or the interval that holds the truth.

        With a `default`, output → value, there is an answer even when the sidecar has none in time, is
        away or fails: the default for each record, `"degraded": True`, `"version": None` and a `"reason"`:
        `deadline`, `breaker`, `connection`, or the code of the sidecar's error. `key` names the field that
        tells records apart, to be kept beside their defaults. A caller's own mistakes are raised.
        """
        asked = question(records, keys, explain=explain, confidence=confidence)
        request_id = request_id or uuid4().hex
        try:
            return self._line.call(
                "POST",
                f"{service_path(service)}/predict",
                asked,
                {"X-Request-ID": request_id},
                Terms(True, timeout_s, self._breaker(service)),
            )
        except FAILURES as error:
            if default is None:
                raise
            known = {"service": service, "request_id": request_id}
            return degraded(asked, default, key, error) | known

    def train(
        self,
        service: str,
        idempotency_key: str | None = None,
        *,
        data: Mapping[str, Any] | None = None,
        callback_url: str | None = None,
        priority: int | None = None,
        with_services: bool = False,
    ) -> Document:
        """Start a training and return its job; the same idempotency key leads to the same job.

        `data`, instead of the declared: `{"path" or "url" or "upload": …, "format": …}`. `with_services`,
        of a flow: the services that it asks are trained first.
        """
        body = wishes(callback_url, priority) | ({"data": dict(data)} if data else {})
        body |= {"with_services": True} if with_services else {}
        return self._submit(f"{service_path(service)}/train", body, idempotency_key)

    def train_on(
        self,
        service: str,
        file: Path,
        idempotency_key: str | None = None,
        *,
        how: Mapping[str, Any] | None = None,
        callback_url: str | None = None,
        told: Told = _nobody,
    ) -> Document:
        """Start a training on a file that is here and return its job.

        `how` says what its name does not: `format`, and `delimiter`, `encoding`, `decimal` of CSV.
        """
        if callback_url is not None or file.stat().st_size > PIECE:
            upload = self.upload(service, file, how=how, told=told)
            data = {"upload": upload["id"]}
            return self.train(service, idempotency_key, data=data, callback_url=callback_url)
        format_, rest = layout(file, how)
        headers = {"Idempotency-Key": idempotency_key or uuid4().hex}
        path = f"{service_path(service)}/train"
        return member(send_whole(self._line, path, file, (format_, rest), headers), "job")

    def upload(
        self,
        service: str,
        file: Path,
        *,
        how: Mapping[str, Any] | None = None,
        told: Told = _nobody,
    ) -> Document:
        """Send training data in pieces, going on after broken connections; return the upload."""
        format_, rest = layout(file, how)
        return Sending(self._line, clock=self._clock).send(service, file, format_, rest, told)

    def give_up(self, upload_id: str) -> None:
        """Remove an upload that no job needs; one that is gone, or needed, is left as it is."""
        path = f"/v1/uploads/{quote(upload_id, safe='')}"
        with suppress(MinervaError):
            self._line.content("DELETE", path, terms=AGAIN)

    def start_job(
        self,
        service: str,
        kind: str,
        parameters: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
        *,
        callback_url: str | None = None,
        priority: int | None = None,
    ) -> Document:
        """Start a job of any kind and return it."""
        body = {"kind": kind, "parameters": dict(parameters or {})}
        body |= wishes(callback_url, priority)
        return self._submit(f"{service_path(service)}/jobs", body, idempotency_key)

    def tune(
        self, service: str, idempotency_key: str | None = None, **wishes: float | str | None
    ) -> Document:
        """Start to look for better parameters and return the job.

        Wishes are `trials`, `timeout_s`, `parallel`, `callback_url` and `priority`.
        """
        body = {name: value for name, value in wishes.items() if value is not None}
        return self._submit(f"{service_path(service)}/tune", body, idempotency_key)

    def study(self, job_id: str) -> Document:
        """Return `{"metric", "less_is_better", "planned", "trials"}` of a tuning.

        Trials are in the order of their numbers; number 0 is the present parameters.
        """
        return self._line.get(f"{job_path(job_id)}/trials")

    def proposals(self, service: str) -> list[Document]:
        """List what tunings of a service proposed, newest first."""
        return listed(self._line.get(service_path(service, "proposals")), "proposals")

    def proposal(self, service: str, number: int) -> Document:
        """Return one proposal with its evidence."""
        path = service_path(service, "proposals", str(number))
        return member(self._line.get(path), "proposal")

    def decide(self, service: str, number: int, decision: str, reason: str = "") -> Document:
        """Accept or reject a proposal; `decision` is `accept` or `reject`.

        Returns `{"proposal": {…}, "job_id": id of the training that acceptance started, or None}`.
        """
        path = service_path(service, "proposals", str(number))
        return self._line.call("PUT", path, {"decision": decision, **given(reason)})

    def revisions(self, service: str) -> list[Document]:
        """List the revisions of a service's configuration, newest first, with what each changed."""
        return listed(self._line.get(service_path(service, "revisions")), "revisions")

    def revision(self, service: str, number: int) -> Document:
        """Return one revision with its whole declaration."""
        return member(self._line.get(service_path(service, "revisions", str(number))), "revision")

    def restore(self, service: str, number: int, reason: str, *, train: bool = False) -> Document:
        """Let a service be declared as it was at a revision, until its file changes.

        Returns `{"revision": {…}, "job_id": id of the training, or None}`.
        """
        path = service_path(service, "revisions", str(number), "restore")
        return self._line.call("POST", path, {"reason": reason, "train": train})

    def batch(
        self,
        service: str,
        idempotency_key: str | None = None,
        *,
        callback_url: str | None = None,
        priority: int | None = None,
        **call: Any,
    ) -> Document:
        """Start a batch prediction and return the job; `call` has the members of the body.

        Such as `input="data/people.csv", output="data/scores.parquet", max_rejects="1%"`.
        """
        body = {name: value for name, value in call.items() if value is not None}
        body |= wishes(callback_url, priority)
        return self._submit(f"{service_path(service)}/batch", body, idempotency_key)

    def job(self, job_id: str) -> Document:
        """Return one job as it is now."""
        return member(self._line.get(job_path(job_id)), "job")

    def jobs(
        self,
        *,
        service: str | None = None,
        state: str | None = None,
        kind: str | None = None,
        parent: str | None = None,
        before: str | None = None,
        limit: int | None = None,
    ) -> list[Document]:
        """List jobs, newest first; the parts of a job by `parent`, the next page by `before`."""
        wanted = {
            "service": service,
            "state": state,
            "kind": kind,
            "parent": parent,
            "before": before,
            "limit": limit,
        }
        query = urlencode({name: value for name, value in wanted.items() if value is not None})
        return listed(self._line.get(f"/v1/jobs?{query}" if query else "/v1/jobs"), "jobs")

    def schedules(self, *, service: str | None = None, count: int | None = None) -> list[Document]:
        """List what starts jobs by itself, with the next `count` moments of each."""
        wanted = {"service": service, "count": count}
        query = urlencode({name: value for name, value in wanted.items() if value is not None})
        path = f"/v1/schedules?{query}" if query else "/v1/schedules"
        return listed(self._line.get(path), "schedules")

    def job_events(self, job_id: str) -> Iterator[Document]:
        """Yield a job's events, `{"number", "at", "state", "attempt", "message"}`, until it ended.

        Between them its progress, `{"progress", "message", "seconds_left"}`.
        """
        return follow(self._line, f"{job_path(job_id)}/events", self._clock)

    def job_history(self, job_id: str) -> list[Document]:
        """Return a job's events so far."""
        return listed(self._line.get(f"{job_path(job_id)}/events"), "events")

    def job_log(self, job_id: str) -> str:
        """Return what the job's attempts wrote to their output."""
        log = self._line.content("GET", f"{job_path(job_id)}/log", terms=AGAIN)
        return log.decode("utf-8", "replace")

    def cancel(self, job_id: str) -> Document:
        """Ask a job to stop and return it as it is now."""
        return member(self._line.call("POST", f"{job_path(job_id)}/cancel", {}), "job")

    def retry(self, job_id: str) -> Document:
        """Queue again a job that did not succeed, and return it."""
        return member(self._line.call("POST", f"{job_path(job_id)}/retry", {}), "job")

    def versions(self, service: str) -> list[Document]:
        """List a service's versions, newest first: metrics, aliases, quarantine."""
        return listed(self._line.get(f"{service_path(service)}/versions"), "versions")

    def promote(
        self,
        service: str,
        version: int | str,
        alias: str = "champion",
        reason: str = "",
        *,
        share: float | None = None,
    ) -> Document:
        """Let an alias name this version; return the alias.

        `share`: percent of the calls that a challenger answers.
        """
        body: Document = {"version": str(version), **given(reason)}
        if share is not None:
            body["share"] = share
        return member(
            self._line.call("PUT", service_path(service, "aliases", alias), body), "alias"
        )

    def retire(self, service: str, alias: str, reason: str = "") -> Document:
        """Take a challenger, shadow or standby away; return the alias, which names no version now."""
        path = service_path(service, "aliases", alias)
        return member(self._line.call("DELETE", path, given(reason)), "alias")

    def quarantine(self, service: str, version: int | str, reason: str) -> Document:
        """Keep a version from serving.

        Returns `{"version": {…}, "alias": {…} or None}`: where the champion went, if it moved.
        """
        path = service_path(service, "versions", str(version), "quarantine")
        return self._line.call("POST", path, {"reason": reason})

    def release(self, service: str, version: int | str, reason: str = "") -> Document:
        """Let a version in quarantine be promoted again; return the version."""
        path = service_path(service, "versions", str(version), "release")
        return member(self._line.call("POST", path, given(reason)), "version")

    def rollback(self, service: str, reason: str = "") -> Document:
        """Let champion name the version that it named before; return the alias."""
        path = service_path(service, "rollback")
        return member(self._line.call("POST", path, given(reason)), "alias")

    def feedback(self, service: str, truths: Sequence[Mapping[str, Any]]) -> Document:
        """Tell how predictions turned out; return counts, and which truths belong to no record.

        A truth is `{"request_id", "row", "truth"}` or `{"key", "at", "truth"}`.
        """
        body = {"feedback": list(truths)}
        path = service_path(service, "feedback")
        return member(self._line.call("POST", path, body, terms=AGAIN), "feedback")

    def performance(self, service: str, **how: float | str | None) -> Document:
        """Return live metrics by version and window; `days` and `window` (hour, day, week)."""
        path = asking(service_path(service, "performance"), how)
        return member(self._line.get(path), "performance")

    def drift(self, service: str, **how: float | str | None) -> Document:
        """Return what is asked and answered beside the training; `days` and `window` as above."""
        return member(self._line.get(asking(service_path(service, "drift"), how)), "drift")

    def openapi(self) -> Document:
        """Return the OpenAPI document of the declared services."""
        return self._line.get("/openapi.json")

    def ready(self) -> Document:
        """Return what `/readyz` says, whether ready or not."""
        return read_object(self._line.answer("GET", "/readyz").content)

    def _breaker(self, service: str) -> Breaker | None:
        if self._policy.breaker_failures is None:
            return None
        made = Breaker(self._policy.breaker_failures, self._policy.breaker_open_s)
        return self._breakers.setdefault(service, made)

    def _submit(self, path: str, body: Document, idempotency_key: str | None) -> Document:
        headers = {"Idempotency-Key": idempotency_key or uuid4().hex}
        return member(self._line.call("POST", path, body, headers, AGAIN), "job")
