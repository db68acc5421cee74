"""What is said about an engine when a service is declared, before anything connects."""

from __future__ import annotations

import subprocess
import sys

import pytest
from tables import SCHEMA, service

from minerva.adapters.engines.address import read_address
from minerva.bootstrap import open_job
from minerva.errors import InvalidConfiguration
from minerva.layers.abstraction.services.parsing import parse
from minerva.settings import load

PARQUET = {"source": "parquet", "path": "goods"}
SQL = {"source": "sql", "url": "sqlite:///x.db", "query": "select 1"}
ENGINE = "dask://scheduler:8786"
WITHOUT_DASK = """
import sys
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: (
    None if name in {"dask", "distributed"} else found(name, package)
)
from pathlib import Path
from minerva.adapters.engines.opening import DaskEngines
from minerva.errors import InvalidConfiguration
try:
    DaskEngines(Path(), 1).check("dask://scheduler:8786")
except InvalidConfiguration as error:
    print(error)
"""


@pytest.fixture
def check(workspace):
    with open_job(load(workspace, {})) as container:
        yield lambda declared: container.versioning.check(parse(declared))


@pytest.mark.parametrize(
    ("engine", "read"),
    [
        ("dask://scheduler:8786", "tcp://scheduler:8786"),
        ("dask://10.0.0.1:1/", "tcp://10.0.0.1:1"),
        ("tls://scheduler:8786", "tls://scheduler:8786"),
        ("dask://[::1]:8786", "tcp://[::1]:8786"),
    ],
)
def test_an_address_is_read(engine, read):
    assert str(read_address(engine)) == read


@pytest.mark.parametrize(
    "engine",
    [
        "", "dask", "dask://scheduler", "dask://:8786", "tcp://scheduler:8786", "dask://scheduler:x",
        "dask://scheduler:99999", "dask://me:secret@scheduler:8786", "dask://scheduler:8786/path",
        "dask://scheduler:8786?x=1", "spark://scheduler:8786", "dask://[::1:8786",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_without_repeating_it(check, engine):
    with pytest.raises(InvalidConfiguration, match="dask://host:8786") as caught:
        check(service(engine, PARQUET))

    assert caught.value.faults[0].where == "/training/engine"
    assert "secret" not in str(caught.value)


def test_a_service_that_can_is_taken(check):
    check(service(ENGINE, PARQUET))
    check(service("${DASK_URL}", PARQUET))
    check(service(ENGINE, {**SQL, "split_by": "id"}))


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (
            {"algorithm": "constant", "parameters": {"output": {"good": "No"}}},
            "on one machine only",
        ),
        ({"serving": {"runtime": "process"}}, "in a process of its own"),
        ({"data": None}, "add a `data:` part"),
        ({"data": {"source": "ndjson", "path": "goods.jsonl"}}, "convert JSON lines to parquet"),
        ({"data": SQL}, "name it in `split_by`"),
        (
            {"schema": {**SCHEMA, "inputs": {"note": {"type": "text"}}}},
            "set `use: false` on text",
        ),
    ],
)
def test_a_service_that_cannot_is_told_what_to_change(check, parts, message):
    with pytest.raises(InvalidConfiguration, match=message):
        check({**service(ENGINE, PARQUET), **parts})


def test_a_variable_that_is_not_set_is_named(train):
    with pytest.raises(InvalidConfiguration, match="engine names the environment variable NOWHERE"):
        train(service("dask://${NOWHERE}:8786", PARQUET))


def test_without_dask_it_is_said_how_to_get_it():
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_DASK], capture_output=True, text=True, check=True
    )

    assert 'pip install "minerva-sidecar[dask]"' in done.stdout


def test_a_web_worker_or_worker_never_imports_dask(workspace):
    program = (
        "import sys; from pathlib import Path; from minerva import bootstrap; "
        "from minerva.settings import load; from minerva.layers.abstraction.services.parsing import parse\n"
        f"declared = {service(ENGINE, PARQUET)!r}\n"
        f"with bootstrap.open_job(load(Path({str(workspace)!r}), {{}})) as container:\n"
        "    container.versioning.check(parse(declared))\n"
        "print({'dask', 'distributed', 'xgboost'} & set(sys.modules))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[-1] == "set()"
