"""CSV, in each of its dialects."""

import csv
import io

import pytest

from legacy_stub.quirks import Quirk
from legacy_stub.tables import FEATURES
from legacy_stub.web.app import create_app


def download(engine, sidecar, address, *quirks):
    app = create_app(engine, sidecar, 0.3, frozenset(quirks))
    return app.test_client().get(address)


def rows(text, delimiter=","):
    return list(csv.DictReader(io.StringIO(text), delimiter=delimiter))


def test_the_call_list_has_everybody_from_the_threshold_on(sqlite_engine, sidecar, scored):
    answer = download(sqlite_engine, sidecar, "/campaign.csv?threshold=70")

    assert answer.content_type == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="campaign.csv"'
    found = rows(answer.text)
    assert found[0] == {
        "customer_id": "C-00001",
        "name": "Deepa Almeida",
        "email": "deepa.almeida1@example.net",
        "contract": "Month-to-month",
        "tenure": "1",
        "monthly_charges": "29.85",
        "probability": "0.7425",
        "band": "high",
        "version": "1",
    }
    assert all(float(row["probability"]) >= 0.7 for row in found)


def test_the_facts_of_everybody_without_names(sqlite_engine, sidecar):
    found = rows(download(sqlite_engine, sidecar, "/customers.csv").text)

    assert len(found) == 600
    assert list(found[0]) == ["customer_id", *FEATURES]
    assert found[488]["total_charges"] == ""


@pytest.mark.parametrize("quirks", [[Quirk.LATIN_1], [Quirk.LATIN_1, Quirk.DECIMAL_COMMAS]])
def test_latin_1_is_latin_1(sqlite_engine, sidecar, scored, quirks):
    answer = download(sqlite_engine, sidecar, "/campaign.csv?threshold=10", *quirks)

    assert answer.content_type == "text/csv; charset=iso-8859-1"
    assert "Zoë".encode("latin-1") in answer.data
    assert b"?ukasz" in answer.data  # a letter that Latin-1 does not have


def test_decimal_commas_come_with_semicolons(sqlite_engine, sidecar, scored):
    answer = download(sqlite_engine, sidecar, "/campaign.csv?threshold=70", Quirk.DECIMAL_COMMAS)

    first = rows(answer.text, ";")[0]
    assert (first["monthly_charges"], first["probability"]) == ("29,85", "0,7425")
    assert first["tenure"] == "1"
