"""The program `minerva`: what it is for, and where each command stands."""

from __future__ import annotations

import click

from minerva.cli.algorithms import algorithms
from minerva.cli.aliases import promote, retire, rollback
from minerva.cli.audit import audit
from minerva.cli.batch import batch
from minerva.cli.build import build
from minerva.cli.card import card, lineage
from minerva.cli.command import Program
from minerva.cli.doctor import doctor
from minerva.cli.drift import drift
from minerva.cli.export import export
from minerva.cli.feedback import feedback
from minerva.cli.flows import flows
from minerva.cli.health import health
from minerva.cli.import_ import import_
from minerva.cli.init import init
from minerva.cli.jobs import jobs
from minerva.cli.keys import keys
from minerva.cli.logs import logs
from minerva.cli.migrate import migrate
from minerva.cli.new import new
from minerva.cli.openapi import openapi
from minerva.cli.performance import performance
from minerva.cli.plugins import plugins
from minerva.cli.predict import predict
from minerva.cli.processes import beat, serve, worker
from minerva.cli.profile import profile
from minerva.cli.reproduce import reproduce
from minerva.cli.services import services
from minerva.cli.settings import settings
from minerva.cli.test import test
from minerva.cli.train import train
from minerva.cli.tune import tune
from minerva.cli.up import up
from minerva.cli.versions import versions
from minerva.cli.webhooks import webhooks

SECTIONS = {
    "Begin": ("init", "new", "import", "test", "up"),
    "Use": (
        "train",
        "tune",
        "predict",
        "batch",
        "feedback",
        "services",
        "flows",
        "profile",
        "versions",
        "reproduce",
        "export",
        "promote",
        "retire",
        "rollback",
        "jobs",
    ),
    "Look": (
        "card",
        "lineage",
        "audit",
        "performance",
        "drift",
        "logs",
        "doctor",
        "settings",
        "plugins",
        "algorithms",
        "openapi",
    ),
    "Run": ("build", "keys", "webhooks", "migrate", "serve", "worker", "beat", "health"),
}


@click.group(cls=Program, sections=SECTIONS, epilog="Exit codes: 0 fine, 1 failed, 2 misuse.")
@click.version_option(package_name="minerva-sidecar", prog_name="minerva")
def program() -> None:
    """Machine learning beside a product that nobody wants to rewrite.

    In a new folder:
      minerva init
      minerva new service churn --from-csv customers.csv --target churned
      minerva up                          keeps running; in another terminal:
      minerva train churn
      minerva predict churn customers.csv

    `minerva COMMAND --help` explains each command with examples. --workspace, --url, --key-file and
    --json may stand before or after the command.
    """


for command in (
    init, new, import_, test, up, train, tune, predict, batch, feedback, performance, drift,
    services, flows, profile, versions, reproduce, export, card, lineage, audit, promote, retire,
    rollback, jobs, logs, doctor, settings, plugins, algorithms, openapi, build, keys, webhooks,
    migrate, serve, worker, beat, health,
):  # fmt: skip
    program.add_command(command)


def main() -> None:
    """Run the command line."""
    program(prog_name="minerva")
