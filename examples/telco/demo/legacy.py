"""What the demo asks of the legacy product: its state, its riskiest customers, a page."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from typing import Any

from demo.plan import HOST, Plan
from demo.trouble import DemoError

SECONDS = 10.0
OK = 200


def get(port: int, path: str, headers: dict[str, str] | None = None) -> bytes | None:
    """Return the body of a successful answer on loopback, else None."""
    connection = HTTPConnection(HOST, port, timeout=SECONDS)
    try:
        connection.request("GET", path, headers=headers or {})
        answer = connection.getresponse()
        content = answer.read()
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()
    return content if answer.status == OK else None


def status(plan: Plan) -> dict[str, Any]:
    """Return how the product's units are doing."""
    return _document(plan, "/status.json")


def riskiest(plan: Plan, limit: int) -> list[dict[str, Any]]:
    """Return the customers with the highest stored scores."""
    found: list[dict[str, Any]] = _document(plan, f"/api/riskiest?limit={limit}")["customers"]
    return found


def open_customer_page(plan: Plan, customer_id: str, request_id: str) -> None:
    """Open a customer's page as a browser would; the page asks the sidecar for a prediction."""
    if get(plan.legacy_port, f"/customers/{customer_id}", {"X-Request-ID": request_id}) is None:
        raise DemoError(f"The legacy product did not show customer {customer_id}.")


def feature_rows(plan: Plan, limit: int) -> list[dict[str, Any]]:
    """Return records as the product sends them, read from its own database."""
    address = f"file:{plan.legacy_database}?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        query = "SELECT * FROM churn_features ORDER BY customer_id LIMIT ?"
        rows = connection.execute(query, (limit,)).fetchall()
    return [{name: row[name] for name in row.keys() if name != "churn"} for row in rows]  # noqa: SIM118 - iterating a Row gives values


def _document(plan: Plan, path: str) -> dict[str, Any]:
    content = get(plan.legacy_port, path)
    if content is None:
        raise DemoError(f"The legacy product did not answer {path}.")
    document: dict[str, Any] = json.loads(content)
    return document
