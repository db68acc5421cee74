"""The routes of monitoring: feedback, live metrics and drift."""

from __future__ import annotations

from minerva.layers.core.openapi.components import (
    TEXT,
    TIME,
    Content,
    array,
    json_content,
    member,
    ref,
)
from minerva.layers.core.openapi.operations import SERVICE, json_body, operation, parameter
from minerva.layers.core.openapi.registry import BASE

TAG = "monitoring"
COUNT: Content = {"type": "integer", "minimum": 0}
FIGURES: Content = {"type": "object", "additionalProperties": {"type": "number"}}
MAYBE_FIGURES: Content = {**FIGURES, "type": ["object", "null"]}
SPAN: Content = {"since": TIME, "until": TIME}
DAYS = parameter(
    "days",
    "query",
    {"type": "number", "minimum": 0.001, "maximum": 3650},
    "How many days the report looks back",
)
WINDOW = parameter(
    "window",
    "query",
    {"enum": ["hour", "day", "week"]},
    "Steps, at most 400 of them; the last ends now",
)


def monitoring_paths() -> Content:
    """Return path → operations."""
    return {
        f"{BASE}/feedback": {"post": _give()},
        f"{BASE}/performance": {
            "get": operation(
                TAG,
                "get_performance",
                "Show live metrics by version and window, beside those of the training",
                json_content(member("performance", ref("Performance"))),
                parameters=(SERVICE, DAYS, WINDOW),
            )
        },
        f"{BASE}/drift": {
            "get": operation(
                TAG,
                "get_drift",
                "Compare what is asked and answered with the champion's training, by window",
                json_content(member("drift", ref("Drift"))),
                parameters=(SERVICE, DAYS, WINDOW),
            )
        },
    }


def monitoring_schemas() -> Content:
    """Return name → schema of what these routes take and answer."""
    return {
        "Truth": _truth(),
        "Feedback": _feedback(),
        "Performance": _performance(),
        "Drift": _drift(),
    }


def _give() -> Content:
    body: Content = {
        "type": "object",
        "additionalProperties": False,
        "required": ["feedback"],
        "properties": {"feedback": array(ref("Truth")) | {"minItems": 1}},
        "examples": [{"feedback": [{"request_id": "b7ad6b7169203331", "row": 0, "truth": "Yes"}]}],
    }
    return operation(
        TAG,
        "give_feedback",
        "Tell how predictions turned out; the same again changes nothing",
        json_content(member("feedback", ref("Feedback"))),
        parameters=(SERVICE,),
        body=json_body(body),
    )


def _truth() -> Content:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["truth"],
        "anyOf": [{"required": ["request_id"]}, {"required": ["key"]}],
        "properties": {
            "request_id": {"type": "string", "minLength": 1, "maxLength": 256},
            "row": {**COUNT, "maximum": 2**31 - 1, "description": "Of that request, from 0"},
            "key": {
                "type": ["string", "integer"],
                "description": "Without a request id: the newest prediction for it up to `at`",
            },
            "at": {**TIME, "description": "When it turned out; now, if that is not said"},
            "truth": {
                "description": "Value of the first output (of a bandit, of the reward), or an object "
                "that holds it; the service's `truth` lists what it may hold"
            },
        },
    }


def _feedback() -> Content:
    counts = dict.fromkeys(("received", "joined", "changed", "unchanged"), COUNT)
    unmatched: Content = {
        "type": "object",
        "required": ["where", "message"],
        "properties": {
            "where": {**TEXT, "description": "JSON pointer into the call"},
            "request_id": TEXT,
            "row": COUNT,
            "key": TEXT,
            "message": TEXT,
        },
    }
    told = {**counts, "unmatched": array(unmatched)}
    return {"type": "object", "required": list(told), "properties": told}


def _performance() -> Content:
    told: Content = {
        "service": TEXT,
        **SPAN,
        "window": TEXT,
        "answers": COUNT,
        "answers_limited": {"type": "boolean", "description": "True: there are more"},
        "defaults": {**COUNT, "description": "Answers that are the declared default"},
        "truths": COUNT,
        "truths_limited": {"type": "boolean"},
        "truths_waiting": {**COUNT, "description": "Truths without a recorded prediction"},
        "versions": array(_version()),
    }
    return {"type": "object", "required": list(told), "properties": told}


def _version() -> Content:
    window = {**SPAN, "answers": COUNT, "truths": COUNT, "metrics": FIGURES}
    version: Content = {
        "version": TEXT,
        "roles": array(TEXT),
        "answers": COUNT,
        "shadow_answers": COUNT,
        "latency_ms": MAYBE_FIGURES,
        "truths": COUNT,
        "truth_delay_s": {**MAYBE_FIGURES, "description": "Median and 90th percentile"},
        "metric": {**TEXT, "description": "The one that tells"},
        "metrics": FIGURES,
        "interval": {
            "type": ["array", "null"],
            "items": {"type": "number"},
            "description": "Of that metric, 95 %",
        },
        "held_out": {**FIGURES, "description": "The same metrics in training"},
        "baseline": {
            "type": ["object", "null"],
            "properties": {"answer": TEXT, "metrics": FIGURES},
            "description": "What anybody could answer, on the same rows",
        },
        "verdict": TEXT,
        "same_rows": {
            "type": ["object", "null"],
            "properties": {"rows": COUNT, "metrics": FIGURES, "champion": FIGURES},
            "description": "Beside the champion, on the rows that both answered",
        },
        "windows": array({"type": "object", "properties": window}),
    }
    return {"type": "object", "required": list(version), "properties": version}


def _drift() -> Content:
    window: Content = {
        **SPAN,
        "rows": COUNT,
        "limited": {"type": "boolean", "description": "True: there are more"},
        "verdict": TEXT,
        "inputs": array(_compared()),
        "outputs": array(_compared()),
    }
    told: Content = {
        "service": TEXT,
        **SPAN,
        "window": TEXT,
        "version": {"type": ["string", "null"], "description": "The champion"},
        "threshold": {"type": "number"},
        "alarms_a_day": {"type": "number", "description": "Share of days with a false alarm"},
        "least_rows": COUNT,
        "trained_rows": {"type": ["integer", "null"]},
        "problem": {"type": ["string", "null"], "description": "Why nothing is compared"},
        "windows": array({"type": "object", "required": list(window), "properties": window}),
    }
    return {"type": "object", "required": list(told), "properties": told}


def _compared() -> Content:
    share: Content = {"type": "number", "minimum": 0, "maximum": 1}
    told: Content = {
        "name": TEXT,
        "psi": {"type": "number", "description": "Population stability index"},
        "test": {"enum": ["ks", "chi2"]},
        "statistic": {"type": "number"},
        "p": {**share, "description": "By chance, corrected for all fields of the window"},
        "missing": share,
        "missing_trained": share,
        "unseen": share,
        "verdict": {"enum": ["steady", "drifted", "too few rows"]},
    }
    return {"type": "object", "required": list(told), "properties": told}
