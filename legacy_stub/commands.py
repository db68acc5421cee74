"""The command line: `python -m legacy_stub seed|preprocess|orchestrate|score|serve`."""

import argparse
import os
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import TypeAlias

from sqlalchemy.exc import SQLAlchemyError

from legacy_stub.bootstrap import Product, assemble
from legacy_stub.clock import now
from legacy_stub.database import create_tables
from legacy_stub.errors import LegacyError
from legacy_stub.log import logger, logging_to
from legacy_stub.orchestration import Orchestration
from legacy_stub.preprocessing import Preprocessing
from legacy_stub.quirks import with_quirks
from legacy_stub.scoring import score_everyone
from legacy_stub.serving import (
    StopSignals,
    Worker,
    listen,
    run_until_told,
    web_worker,
)
from legacy_stub.settings import Settings
from legacy_stub.sidecar import SidecarError
from legacy_stub.subscribers import seed
from legacy_stub.tracing import Trace
from legacy_stub.unit import catch_up, watch
from legacy_stub.web.app import create_app

Command: TypeAlias = Callable[[Product, argparse.Namespace], int]

_DONE, _FAILED, _MISUSED, _INTERRUPTED = 0, 1, 2, 130


def main(arguments: Sequence[str]) -> int:
    """Run a command; return 0 when all went well, 1 when something failed, 2 for misuse."""
    options = _parser().parse_args(arguments)
    try:
        settings = Settings.from_environment(os.environ)
        with logging_to(settings.log_folder), closing(assemble(settings)) as product:
            command: Command = options.command
            return command(product, options)
    except LegacyError as error:
        return _say(str(error), _MISUSED)
    except SQLAlchemyError as error:
        name = type(error).__name__
        return _say(f"The database does not work ({name}). Look at LEGACY_DB_URL.", _FAILED)
    except SidecarError as error:
        return _say(f"{error.reason} Look at LEGACY_SIDECAR_URL.", _FAILED)
    except KeyboardInterrupt:
        return _INTERRUPTED


def _say(message: str, code: int) -> int:
    sys.stderr.write(message + "\n")
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m legacy_stub",
        description="A telecom subscription product in small. Settings: LEGACY_* variables.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Command, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(command=command)
        return added

    add("seed", _seed, "fill an empty database with customers")
    preprocess = add("preprocess", _preprocess, "prepare the features if customers changed")
    preprocess.add_argument("--again", action="store_true", help="also if nothing changed")
    preprocess.add_argument("--watch", action="store_true", help="go on until told to stop")
    orchestrate = add("orchestrate", _orchestrate, "have the sidecar train on prepared data")
    orchestrate.add_argument("--once", action="store_true", help="end when nothing is left to do")
    add("score", _score, "have the sidecar score all customers")
    serve = add("serve", _serve, "serve the web UI, with both units in the background")
    serve.add_argument("--without-units", action="store_true", help="the web UI alone")
    return parser


def _seed(product: Product, _: argparse.Namespace) -> int:
    return _say(f"{seed(product.engine)} customers.", _DONE)


def _preprocess(product: Product, options: argparse.Namespace) -> int:
    create_tables(product.engine)
    if options.watch:
        with StopSignals() as signals:
            run_until_told([_preprocessing(product)], threading.Event(), signals)
        return _DONE
    number = Preprocessing(product.engine, now).prepare(again=options.again)
    changed = "Nothing has changed." if number is None else f"Prepared data number {number}."
    return _say(changed, _DONE)


def _orchestrate(product: Product, options: argparse.Namespace) -> int:
    create_tables(product.engine)
    stop = threading.Event()
    if not options.once:
        with StopSignals() as signals:
            run_until_told([_orchestration(product, stop)], stop, signals)
        return _DONE
    unit = Orchestration(product.engine, product.sidecar, now, stop)
    caught_up = catch_up(unit.step, product.settings.poll_seconds, logger("orchestration"))
    return _DONE if caught_up else _say("The sidecar did not do its part.", _FAILED)


def _score(product: Product, _: argparse.Namespace) -> int:
    create_tables(product.engine)
    scored = score_everyone(product.engine, product.sidecar, Trace.new(), now, threading.Event())
    return _say(f"Scored {scored.rows} customers with version {scored.version}.", _DONE)


def _serve(product: Product, options: argparse.Namespace) -> int:
    settings, stop = product.settings, threading.Event()
    with StopSignals() as signals, listen(settings.host, settings.port) as listener:
        seed(product.engine)
        app = create_app(
            product.engine, product.sidecar, settings.deadline_seconds, settings.quirks
        )
        workers = [web_worker(with_quirks(app, settings.quirks, stop), listener)]
        if not options.without_units:
            workers += [_preprocessing(product), _orchestration(product, stop)]
        port = listener.getsockname()[1]
        logger("ui").info("server.started", port=port)
        _say(f"The subscriber desk is at http://{settings.host}:{port}", _DONE)
        run_until_told(workers, stop, signals)
        logger("ui").info("server.stopped")
    return _DONE


def _preprocessing(product: Product) -> Worker:
    unit = Preprocessing(product.engine, now)
    pause, log = product.settings.prepare_seconds, logger("preprocessing")
    return Worker("preprocessing", lambda stop: watch(unit.step, stop, pause, log))


def _orchestration(product: Product, stop: threading.Event) -> Worker:
    unit = Orchestration(product.engine, product.sidecar, now, stop)
    pause, log = product.settings.poll_seconds, logger("orchestration")
    return Worker("orchestration", lambda stop: watch(unit.step, stop, pause, log))
