"""The OpenAPI 3.1 document of one tenant's sidecar: one predict path for each declared service.

https://spec.openapis.org/oas/v3.1.1
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from minerva.layers.abstraction.services.declaration import ServiceDeclaration
from minerva.layers.core.openapi import wishes
from minerva.layers.core.openapi.cards import card_paths
from minerva.layers.core.openapi.components import (
    Content,
    array,
    components,
    json_content,
    ref,
)
from minerva.layers.core.openapi.flows import flow_paths
from minerva.layers.core.openapi.forms import with_other_forms
from minerva.layers.core.openapi.inference import (
    inference_paths,
    inference_responses,
    inference_schemas,
)
from minerva.layers.core.openapi.monitoring import monitoring_paths, monitoring_schemas
from minerva.layers.core.openapi.multi_model import multi_model_paths
from minerva.layers.core.openapi.operations import SERVICE, operation, paths
from minerva.layers.core.openapi.records import (
    example_prediction,
    example_record,
    prediction_schema,
    record_schema,
)
from minerva.layers.core.openapi.registry import registry_paths
from minerva.layers.core.openapi.revisions import revision_paths, revision_schema
from minerva.layers.core.openapi.schedules import schedule_paths, schedule_schema
from minerva.layers.core.openapi.scoring import scoring_paths
from minerva.layers.core.openapi.tuning import tuning_paths, tuning_schemas
from minerva.layers.core.openapi.uploads import upload_paths, upload_schema, with_sent_data
from minerva.layers.core.openapi.webhooks import webhook_paths, webhook_schemas
from minerva.schema import Schema

Declared = tuple[ServiceDeclaration, Schema]
"""A service and the schema that callers must fit now: its serving version's, else the declared."""

TAGS: list[Content] = [
    {"name": "predictions", "description": "Ask a service; one call takes many records."},
    {"name": "inference", "description": "The Open Inference Protocol, version 2."},
    {
        "name": "scoring",
        "description": "The protocols of MLflow's scoring server and of SageMaker.",
    },
    {"name": "services", "description": "What there is to ask, and how it is trained."},
    {"name": "jobs", "description": "Offline work: state, history, cancel."},
    {"name": "uploads", "description": "Training data, sent in several calls."},
    {"name": "registry", "description": "Versions, aliases and quarantine."},
    {"name": "flows", "description": "Pipelines of small steps."},
    {"name": "webhooks", "description": "Who is told of what, and what became of it."},
    {"name": "tuning", "description": "Better parameters: trials, proposals, decisions."},
    {"name": "monitoring", "description": "How predictions turned out, and live metrics."},
    {"name": "health", "description": "For probes; need no credential."},
]


def document(
    services: Sequence[Declared], *, max_records: int = 10_000, keys_needed: bool = True
) -> Content:
    """Return the document as plain JSON values."""
    shared = _shared(services)
    described: Content = {}
    for declaration, schema in services:
        described |= _describe(declaration, schema, max_records, shared["schemas"])
    if not services:
        described = _any_service(max_records)
    made: Content = {
        "openapi": "3.1.1",
        "info": {
            "title": "Minerva",
            "version": own_version(),
            "summary": "Machine learning beside your product.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": TAGS,
        "paths": _with_sent_data({**described, **_always(services)}),
        "components": shared,
    }
    if keys_needed:
        made["security"] = [{"bearer": []}, {"apiKey": []}]
    return made


def _always(services: Sequence[Declared]) -> Content:
    """Return the routes that there are whatever is declared."""
    return {
        **paths(),
        **upload_paths(),
        **registry_paths(),
        **card_paths(),
        **flow_paths(),
        **inference_paths(services[0][1] if services else None),
        **scoring_paths(),
        **multi_model_paths(),
        **webhook_paths(),
        **schedule_paths(),
        **tuning_paths(),
        **revision_paths(),
        **monitoring_paths(),
    }


def _shared(services: Sequence[Declared]) -> Content:
    """Return the components that operations share."""
    shared = components()
    shared["schemas"]["Schedule"] = schedule_schema()
    shared["schemas"] |= inference_schemas()
    shared["responses"] |= inference_responses()
    shared["schemas"] |= (
        webhook_schemas()
        | tuning_schemas()
        | monitoring_schemas()
        | {"Upload": upload_schema(), "Revision": revision_schema()}
    )
    if services:
        shared["parameters"]["Service"]["example"] = services[0][0].service
    return shared


def _with_sent_data(routes: Content) -> Content:
    for path, operations in routes.items():
        if path.endswith("/train"):
            with_sent_data(operations["post"])
    return routes


def _describe(
    declaration: ServiceDeclaration, schema: Schema, max_records: int, schemas: Content
) -> Content:
    name = declaration.service
    schemas[f"{name}.Record"] = record_schema(schema)
    schemas[f"{name}.Prediction"] = prediction_schema(schema)
    by_key = declaration.data is not None and bool(declaration.data.lookup)
    question = _question(ref(f"{name}.Record"), max_records, by_key=by_key)
    question["examples"] = [{"records": [example_record(schema)]}]
    made = operation(
        "predictions",
        f"predict_{name}",
        f"Predict with {name}",
        json_content(_answer(name, schema)),
        says="One prediction per record or key, in order",
        body={"required": True, "content": json_content(question)},
    )
    if declaration.description:
        made["description"] = declaration.description
    return {f"/v1/services/{name}/predict": {"post": with_other_forms(made)}}


def _any_service(max_records: int) -> Content:
    question = _question({"type": "object"}, max_records, by_key=True)
    made = operation(
        "predictions",
        "predict",
        "Predict with a service",
        json_content({"type": "object"}),
        parameters=(SERVICE,),
        body={"required": True, "content": json_content(question)},
    )
    return {"/v1/services/{service}/predict": {"post": with_other_forms(made)}}


def _question(record: Content, max_records: int, *, by_key: bool) -> Content:
    """Return the schema of a predict call's body; keys are for services that declare a lookup."""
    size = {"minItems": 1, "maxItems": max_records}
    made: Content = {"type": "object", "additionalProperties": False}
    records = {"records": array(record) | size}
    if not by_key:
        return made | {"required": ["records"], "properties": records | wishes.members()}
    says = "Keys to look up in the service's own data, instead of records."
    keys = array({"type": ["string", "integer"]}) | size | {"description": says}
    made["oneOf"] = [{"required": ["records"]}, {"required": ["keys"]}]
    return made | {"properties": {**records, "keys": keys, **wishes.members()}}


def _answer(name: str, schema: Schema) -> Content:
    return {
        "type": "object",
        "required": ["predictions", "service", "version", "request_id", "degraded"],
        "properties": {
            "predictions": array(ref(f"{name}.Prediction")),
            "service": {"const": name},
            "version": {"type": ["string", "null"]},
            "versions": array({"type": "string"})
            | {
                "description": "Per prediction, which version made it; while there is a challenger."
            },
            "request_id": {"type": "string"},
            "degraded": {
                "type": "boolean",
                "description": "True: the declared default, because the model could not answer.",
            },
        },
        "examples": [
            {
                "predictions": [example_prediction(schema)],
                "service": name,
                "version": "1",
                "request_id": "b7ad6b7169203331",
                "degraded": False,
            }
        ],
    }


def own_version() -> str:
    """Return the release of Minerva."""
    try:
        return version("minerva-sidecar")
    except PackageNotFoundError:  # run from a source tree that is not installed
        return "0"
