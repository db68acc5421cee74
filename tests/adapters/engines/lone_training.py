"""A process that trains a service, as a job's process does: `lone_training.py WORKSPACE SERVICE`."""

import json
import sys
from pathlib import Path

from minerva.bootstrap import open_job
from minerva.layers.abstraction.services.parsing import parse
from minerva.settings import load


def said(fraction, message=""):
    sys.stdout.write(f"{message}\n")
    sys.stdout.flush()


with open_job(load(Path(sys.argv[1]), {})) as container:
    versioning = container.versioning
    declaration = parse(json.loads(sys.argv[2]))
    source = versioning._source(declaration, versioning._declared(declaration))
    folder = Path(sys.argv[1]) / "version"
    folder.mkdir()
    versioning.trainer.train(declaration, versioning.prepare(declaration), source, folder, said)
