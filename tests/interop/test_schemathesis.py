"""Schemathesis makes up requests from our OpenAPI document, and finds that everything is as it says."""

import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PHASES = ("Examples", "Coverage", "Fuzzing", "Stateful")
COUNTS = re.compile(r"Selected: (\d+)/(\d+)\s+Tested: (\d+)")

pytestmark = pytest.mark.needs("clients")


def test_every_route_answers_as_the_document_says(run, sidecar, monkeypatch):
    monkeypatch.setenv("MINERVA_API_KEY", sidecar.key)
    monkeypatch.setenv("SCHEMATHESIS_HOOKS", str(HERE / "schemathesis_hooks.py"))
    settings = ("--config-file", HERE / "schemathesis.toml")

    said = run("schemathesis", *settings, "run", "--no-color", f"{sidecar.url}/openapi.json")

    assert "No issues found" in said
    assert [said.count(f"✅  {phase} (") for phase in PHASES] == [1, 1, 1, 1]
    selected, everything, tested = map(int, COUNTS.search(said).groups())
    assert selected == everything == tested
