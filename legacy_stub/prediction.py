"""The main subsystem's live prediction: in time, or not at all, but never an error for the page."""

import time

from legacy_stub.customers import Customer
from legacy_stub.deadline import Deadline
from legacy_stub.log import logger
from legacy_stub.risk import Risk
from legacy_stub.sidecar import Predictions, Sidecar, SidecarError
from legacy_stub.tracing import Trace

log = logger("main")


def ask_risk(sidecar: Sidecar, customer: Customer, trace: Trace, seconds: float) -> Risk:
    """How likely the customer is to leave, or why that is not known within `seconds`."""
    begun = time.perf_counter()
    log.info("prediction.asked", service=sidecar.service)
    try:
        answer = sidecar.predict([customer.record()], trace, Deadline(seconds))
    except SidecarError as error:
        spent = _milliseconds(begun)
        log.warning(
            "prediction.failed",
            service=sidecar.service,
            error=error.code,
            status=error.status,
            milliseconds=spent,
        )
        return Risk(trace.request_id, spent, reason=error.reason)
    return _received(sidecar, customer, answer, trace, _milliseconds(begun))


def _received(
    sidecar: Sidecar, customer: Customer, answer: Predictions, trace: Trace, spent: float
) -> Risk:
    log.info(
        "prediction.received",
        service=sidecar.service,
        version=answer.version,
        degraded=answer.degraded,
        milliseconds=spent,
    )
    foretold = answer.by_customer[customer.customer_id]
    return Risk(
        request_id=trace.request_id,
        milliseconds=spent,
        churn=foretold.churn,
        probability=foretold.probability,
        version=answer.version,
        degraded=answer.degraded,
    )


def _milliseconds(begun: float) -> float:
    return round((time.perf_counter() - begun) * 1000, 1)
