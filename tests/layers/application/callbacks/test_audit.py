"""The audit trail says who did what, to what, and why."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from minerva.events import Drift, JobChange, Training, TrainingResult
from minerva.layers.application.callbacks import audit

WHO = {"tenant": "default", "service": "churn"}
TRAINING = Training(**WHO, algorithm="mean", configuration_revision=3, author="ann", job_id="job-1")
MOVED = SimpleNamespace(
    **WHO, alias="champion", number=7, previous=6, author="ann", reason="better",
    created_at=datetime.now(UTC),
)  # fmt: skip
QUARANTINE = SimpleNamespace(
    **WHO, number=7, author="minerva", reason="failed 5 times", created_at=datetime.now(UTC)
)
JOB = JobChange(
    id="job-1", **WHO, kind="train", state="dead", attempt=3, author="ann", code="process_ended"
)
VERSION = SimpleNamespace(**WHO, number=7, digest="ab" * 32, metrics={}, job_id="job-1")

DECLARED = SimpleNamespace(
    **WHO, revision=3, author="ann", reason="better", created_at=datetime.now(UTC)
)


@pytest.mark.parametrize(
    ("hook", "facts", "told"),
    [
        (
            "minerva_before_train",
            {"training": TRAINING},
            {"event": "audit.training_started", "author": "ann", "job_id": "job-1",
             "algorithm": "mean", "configuration_revision": 3},
        ),
        (
            "minerva_after_train",
            {"training": TRAINING,
             "result": TrainingResult(seconds=1, version=7, promoted=True, verdict="passes.")},
            {"event": "audit.training_ended", "author": "ann", "job_id": "job-1", "version": 7,
             "promoted": True, "reason": "passes.", "code": None},
        ),
        (
            "minerva_service_declared",
            {"configuration": DECLARED},
            {"event": "audit.service_declared", "revision": 3, "author": "ann", "reason": "better"},
        ),
        (
            "minerva_version_ready",
            {"version": VERSION, "alias": "shadow"},
            {"event": "audit.version_ready", "version": 7, "digest": "ab" * 32, "alias": "shadow",
             "job_id": "job-1"},
        ),
        (
            "minerva_version_promoted",
            {"change": MOVED},
            {"event": "audit.version_promoted", "alias": "champion", "version": 7, "previous": 6,
             "author": "ann", "reason": "better"},
        ),
        (
            "minerva_version_rolled_back",
            {"change": MOVED},
            {"event": "audit.version_rolled_back", "alias": "champion", "version": 7,
             "previous": 6, "author": "ann", "reason": "better"},
        ),
        (
            "minerva_version_quarantined",
            {"quarantine": QUARANTINE},
            {"event": "audit.version_quarantined", "version": 7, "author": "minerva",
             "reason": "failed 5 times"},
        ),
        (
            "minerva_job_state",
            {"job": JOB},
            {"event": "audit.job_state", "job_id": "job-1", "kind": "train", "state": "dead",
             "attempt": 3, "code": "process_ended", "author": "ann"},
        ),
        (
            "minerva_drift",
            {"drift": Drift(**WHO, version=7, name="tenure", measure="psi", value=0.5, threshold=0.2)},
            {"event": "audit.drift_noticed", "version": 7, "name": "tenure", "measure": "psi",
             "value": 0.5, "threshold": 0.2},
        ),
    ],
)  # fmt: skip
def test_every_event_leaves_one_line(hook, facts, told):
    with capture_logs() as events:
        getattr(audit, hook)(**facts)

    assert events == [{**told, **WHO, "log_level": "info"}]
