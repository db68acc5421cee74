"""A small client of the sidecar's REST API, on the standard library only.

    with Client("http://127.0.0.1:8080", key) as client:
        answer = client.predict("churn", records=[{"tenure": 3, "contract": "One year"}])

What the sidecar refuses is raised as the class of `minerva.errors` that it was there, faults included.
"""

from minerva.client.answers import Document, problem
from minerva.client.calls import Client
from minerva.client.policy import ONE_TRY, Policy

__all__ = ["ONE_TRY", "Client", "Document", "Policy", "problem"]
