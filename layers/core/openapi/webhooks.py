"""The routes of webhooks: subscriptions, secrets, deliveries."""

from __future__ import annotations

from minerva.layers.abstraction.webhooks.happening import EVENTS
from minerva.layers.core.openapi.components import (
    TEXT,
    TIME,
    Content,
    array,
    json_content,
    member,
    ref,
)
from minerva.layers.core.openapi.operations import json_body, operation, parameter

TAG = "webhooks"
BASE = "/v1/webhooks"
WEBHOOK = parameter("webhook", "path", TEXT, "Id of a subscription")


def webhook_paths() -> Content:
    """Return path → operations."""
    return {**_subscriptions(), **_one(), **_deliveries()}


def webhook_schemas() -> Content:
    """Return the schemas that these routes share."""
    return {"Webhook": _webhook(), "Delivery": _delivery()}


def _subscriptions() -> Content:
    wanted = {
        "type": "object",
        "additionalProperties": False,
        "required": ["url"],
        "properties": {
            "url": {"type": "string", "format": "uri", "maxLength": 2048},
            "events": {"type": ["array", "null"], "items": {"enum": list(EVENTS)}, "minItems": 1},
            "service": {
                "type": ["string", "null"],
                "description": "Of one service; of all if it is missing",
            },
        },
        "examples": [{"url": "https://hooks.example.com/minerva", "events": ["job.failed"]}],
    }
    return {
        BASE: {
            "get": operation(
                TAG,
                "list_webhooks",
                "List who is told of what",
                json_content(member("webhooks", array(ref("Webhook")))),
            ),
            "post": operation(
                TAG,
                "add_webhook",
                "Tell a URL of events; the answer holds its secret",
                json_content(member("webhook", ref("Webhook"))),
                status=201,
                says="Subscribed",
                body=json_body(wanted),
            ),
        }
    }


def _one() -> Content:
    secret = {
        "type": "object",
        "required": ["webhook", "secret"],
        "properties": {"webhook": TEXT, "secret": TEXT},
    }
    return {
        f"{BASE}/{{webhook}}": {
            "delete": operation(
                TAG,
                "remove_webhook",
                "Tell a URL nothing any more",
                json_content(member("webhook", ref("Webhook"))),
                parameters=(WEBHOOK,),
            )
        },
        f"{BASE}/{{webhook}}/secret": {
            "get": operation(
                TAG,
                "show_webhook_secret",
                "Show what a receiver verifies with; `callbacks` for the callback_url of jobs",
                json_content(secret),
                parameters=(WEBHOOK,),
            )
        },
        f"{BASE}/{{webhook}}/test": {
            "post": operation(
                TAG,
                "test_webhook",
                "Send a message of type webhook.test",
                json_content(member("delivery", ref("Delivery"))),
                status=202,
                says="A delivery that a worker carries out",
                parameters=(WEBHOOK,),
            )
        },
    }


def _deliveries() -> Content:
    return {
        f"{BASE}/deliveries": {
            "get": operation(
                TAG,
                "list_deliveries",
                "List what became of each message, newest first",
                json_content(member("deliveries", array(ref("Delivery")))),
                parameters=(
                    parameter(
                        "webhook",
                        "query",
                        TEXT,
                        "Of one subscription; callbacks: of jobs' own URLs",
                    ),
                    parameter(
                        "limit",
                        "query",
                        {"type": "integer", "minimum": 1, "maximum": 500},
                        "How many at most",
                    ),
                ),
            )
        }
    }


def _webhook() -> Content:
    return {
        "type": "object",
        "required": ["id", "url", "events"],
        "properties": {
            "id": TEXT,
            "service": {"type": ["string", "null"], "description": "null: of all services"},
            "url": TEXT,
            "events": array({"enum": list(EVENTS)}),
            "author": TEXT,
            "created_at": TIME,
            "disabled_at": {**TIME, "description": "Since when it is told nothing"},
            "disabled_reason": {"type": ["string", "null"]},
            "secret": {"type": "string", "description": "Only when it was just made"},
        },
    }


def _delivery() -> Content:
    own = {
        "type": "object",
        "required": ["webhook", "webhook_id", "type"],
        "properties": {
            "webhook": {"type": "string", "description": "Subscription, or callbacks"},
            "webhook_id": {"type": "string", "description": "The header of each of its attempts"},
            "type": {"enum": [*EVENTS, "webhook.test"]},
            "about_job": {"type": ["string", "null"]},
        },
    }
    return {"allOf": [ref("Job"), own]}
