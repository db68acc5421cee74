"""The Flask application, put together from what it needs."""

from flask import Flask
from sqlalchemy import Engine

from legacy_stub.quirks import Quirk
from legacy_stub.sidecar import Sidecar
from legacy_stub.web.api import Api
from legacy_stub.web.exports import Exports
from legacy_stub.web.failures import explain_failures
from legacy_stub.web.observation import observe
from legacy_stub.web.pages import Pages
from legacy_stub.web.wording import FILTERS


def create_app(
    engine: Engine, sidecar: Sidecar, deadline_seconds: float, quirks: frozenset[Quirk]
) -> Flask:
    """The application; quirks that concern every answer are wrapped around it by the server."""
    app = Flask(__name__)
    app.jinja_env.filters.update(FILTERS)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.register_blueprint(Pages(engine, sidecar, deadline_seconds).blueprint())
    app.register_blueprint(Api(engine, sidecar, deadline_seconds).blueprint())
    app.register_blueprint(Exports(engine, quirks).blueprint())
    observe(app)
    explain_failures(app)
    return app
