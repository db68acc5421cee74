"""The app factory: one blueprint per resource."""

from __future__ import annotations

from flask import Flask

from minerva.layers.core.http.access import guard, unmarked
from minerva.layers.core.http.aliases import aliases
from minerva.layers.core.http.cards import cards
from minerva.layers.core.http.codings import code_bodies
from minerva.layers.core.http.docs import docs
from minerva.layers.core.http.flows import flows
from minerva.layers.core.http.health import health
from minerva.layers.core.http.house import House
from minerva.layers.core.http.inference import inference
from minerva.layers.core.http.jobs import jobs
from minerva.layers.core.http.metrics import metrics
from minerva.layers.core.http.models import models
from minerva.layers.core.http.monitoring import monitoring
from minerva.layers.core.http.multi_model import multi_model
from minerva.layers.core.http.predict import predict
from minerva.layers.core.http.problems import answer_with_problems
from minerva.layers.core.http.repository import repository
from minerva.layers.core.http.requests import frame_requests
from minerva.layers.core.http.revisions import revisions
from minerva.layers.core.http.route import Route
from minerva.layers.core.http.schedules import schedules
from minerva.layers.core.http.scoring import scoring
from minerva.layers.core.http.services import services
from minerva.layers.core.http.statistics import statistics
from minerva.layers.core.http.training import training
from minerva.layers.core.http.tuning import tuning
from minerva.layers.core.http.uploads import uploads
from minerva.layers.core.http.versions import versions
from minerva.layers.core.http.webhooks import webhooks

RESOURCES = (
    health,
    metrics,
    services,
    predict,
    models,
    inference,
    flows,
    statistics,
    repository,
    scoring,
    multi_model,
    training,
    uploads,
    jobs,
    tuning,
    monitoring,
    schedules,
    revisions,
    versions,
    aliases,
    cards,
    webhooks,
    docs,
)


def create_app(house: House) -> Flask:
    """Return the web interface to `house`."""
    app = Flask("minerva", static_folder=None, template_folder=None)
    app.url_rule_class = Route
    app.config["MAX_CONTENT_LENGTH"] = house.max_body_bytes
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.extensions["minerva"] = house
    frame_requests(app, house.request_id_header)
    guard(app, house)
    code_bodies(app)
    answer_with_problems(app)
    for resource in RESOURCES:
        app.register_blueprint(resource(house))
    open_views = unmarked(app)
    if open_views:
        raise RuntimeError(f"Nobody decided who may call {', '.join(open_views)}.")
    return app
