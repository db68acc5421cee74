"""CSV for spreadsheets and for neighbours that read files, in the dialect of the quirks."""

import csv
import io
from collections.abc import Iterable, Sequence

from flask import Blueprint, Response, request
from sqlalchemy import Engine

from legacy_stub.campaign import riskiest
from legacy_stub.customers import Customer, each
from legacy_stub.quirks import Quirk
from legacy_stub.sidecar import Value
from legacy_stub.tables import FEATURES
from legacy_stub.web.asked import threshold_from

_CHUNK = 1000
_CALL_LIST = (
    *("customer_id", "name", "email", "contract", "tenure", "monthly_charges"),
    *("probability", "band", "version"),
)


class Exports:
    """The call list of the campaign, and the facts about all customers."""

    def __init__(self, engine: Engine, quirks: frozenset[Quirk]) -> None:
        self._engine = engine
        self._quirks = quirks

    def blueprint(self) -> Blueprint:
        """The routes of the exports."""
        exports = Blueprint("exports", __name__)
        exports.add_url_rule("/campaign.csv", "campaign", self.campaign)
        exports.add_url_rule("/customers.csv", "customers", self.customers)
        return exports

    def campaign(self) -> Response:
        """Everybody at or above the threshold, the most likely to leave first."""
        found = riskiest(self._engine, threshold_from(request.args) / 100)
        return self._download("campaign.csv", _CALL_LIST, map(_call, found))

    def customers(self) -> Response:
        """The facts about every customer, by id, without names: what a prediction needs."""
        records = (
            list(customer.record().values())
            for chunk in each(self._engine, _CHUNK)
            for customer in chunk
        )
        return self._download("customers.csv", ("customer_id", *FEATURES), records)

    def _download(
        self, name: str, columns: Sequence[str], rows: Iterable[Sequence[Value]]
    ) -> Response:
        encoding = "iso-8859-1" if Quirk.LATIN_1 in self._quirks else "utf-8"
        commas = Quirk.DECIMAL_COMMAS in self._quirks
        content = _csv(columns, rows, commas=commas).encode(encoding, errors="replace")
        answer = Response(content, content_type=f"text/csv; charset={encoding}")
        answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return answer


def _call(customer: Customer) -> list[Value]:
    facts, score = customer.features, customer.score
    return [
        *(customer.customer_id, customer.name, customer.email),
        *(facts["contract"], facts["tenure"], facts["monthly_charges"]),
        *((score.probability, score.band, score.version) if score else (None, None, None)),
    ]


def _csv(columns: Sequence[str], rows: Iterable[Sequence[Value]], *, commas: bool) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";" if commas else ",")
    writer.writerow(columns)
    writer.writerows([_cell(value, commas=commas) for value in row] for row in rows)
    return text.getvalue()


def _cell(value: Value, *, commas: bool) -> str:
    """A value as text; missing ones are empty."""
    if isinstance(value, float) and commas:
        return str(value).replace(".", ",")
    return "" if value is None else str(value)
