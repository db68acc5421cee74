"""What a column of text cells holds, gathered chunk by chunk, so that a file of any size fits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from minerva.schema.field import MAX_EXACT_INTEGER

if TYPE_CHECKING:
    import pandas as pd

MISSING = ("", "NA", "N/A", "NaN", "nan", "NULL", "null")
"""Cells that mean "no value". "None" is an English word: missing among numbers, a value among texts."""
MAX_REMEMBERED = 200_000
"""So many different values are told apart; beyond, a column only counts as having very many."""
MAX_ROWS_NAMED = 5
_TRUTH = ({"true", "false"}, {"t", "f"})
_LEADING_ZERO = re.compile(r"[+-]?0\d")
_ISO_DATE = r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}.*)?"
_OTHER_DATE = r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}(?:[ T].*)?"
_AMOUNT = r"[$€£¥]\s*-?[\d.,]+|-?[\d.,]+\s*(?:%|[$€£¥]|EUR|USD|GBP|CHF)"


class ColumnProfile:
    """The facts about one column. Feed it every chunk in order, then ask."""

    def __init__(self, name: str, decimal: str) -> None:
        self.name = name
        self.rows = 0
        self.missing = 0
        self.missing_rows: list[int] = []
        """The first rows (from 1, the header not counted) without a value."""
        self.distinct: dict[str, int] = {}
        """Stripped value → how often, in order of first appearance."""
        self.crowded = False
        """More different values than are remembered."""
        self.minimum: float | None = None
        self.maximum: float | None = None
        self._decimal = decimal
        self._all = dict.fromkeys(("number", "whole", "plain", "iso", "other_date", "amount"), True)

    def add(self, cells: pd.Series[Any]) -> None:
        """Take in the next chunk of cells (str)."""
        import numpy as np

        texts = cells.astype(str).str.strip()
        empty = texts.isin(MISSING)
        places = np.flatnonzero(empty.to_numpy())
        room = MAX_ROWS_NAMED - len(self.missing_rows)
        self.missing_rows.extend((places[:room] + self.rows + 1).tolist())
        self.rows += len(texts)
        self.missing += int(empty.sum())
        values = texts[~empty].value_counts(sort=False)
        self._count(values)
        self._classify(values.index.to_series())

    @property
    def present(self) -> int:
        """How many cells hold a value."""
        return self.rows - self.missing

    @property
    def unique(self) -> bool:
        """Whether no value occurs twice, as far as remembered, and none is missing."""
        return self.missing == 0 < self.rows and max(self.distinct.values()) == 1

    @property
    def numeric(self) -> bool:
        """Whether every value is a finite number without leading zeros."""
        return self.present > 0 and self._all["number"]

    @property
    def whole(self) -> bool:
        """Whether every value is a whole number, not written as an amount such as 10.00."""
        return self.numeric and self._all["whole"]

    @property
    def truth(self) -> bool:
        """Whether the only values are the words true and false."""
        words = {value.lower() for value in self.distinct}
        return bool(words) and any(words <= pair for pair in _TRUTH)

    @property
    def moment(self) -> bool:
        """Whether every value is an ISO 8601 date or date and time."""
        return self.present > 0 and self._all["iso"]

    @property
    def foreign_date(self) -> bool:
        """Whether every value looks like a date that is not ISO 8601."""
        return self.present > 0 and self._all["other_date"]

    @property
    def amount(self) -> bool:
        """Whether every value is a number with a currency or percent sign."""
        return self.present > 0 and self._all["amount"]

    def _count(self, values: pd.Series[int]) -> None:
        for value, count in values.items():
            text = str(value)
            if text in self.distinct:
                self.distinct[text] += count
            elif len(self.distinct) < MAX_REMEMBERED:
                self.distinct[text] = count
            else:
                self.crowded = True

    def _classify(self, values: pd.Series[Any]) -> None:
        """Drop what these different values rule out."""
        values = values[values != "None"]
        if values.empty:
            return
        if self._all["number"]:
            self._numbers(values)
        for kind, pattern in (("other_date", _OTHER_DATE), ("amount", _AMOUNT)):
            self._all[kind] = self._all[kind] and bool(values.str.fullmatch(pattern).all())
        if self._all["iso"]:
            self._all["iso"] = self._moments(values)

    def _numbers(self, values: pd.Series[Any]) -> None:
        import numpy as np
        import pandas as pd

        cells = values
        if self._decimal == ",":
            cells = cells.str.replace(".", "", regex=False).str.replace(",", ".", regex=False)
        numbers = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        coded = bool(cells.str.match(_LEADING_ZERO).any())
        if coded or not np.isfinite(numbers).all():
            self._all["number"] = False
            return
        exact = np.abs(numbers) <= MAX_EXACT_INTEGER
        whole = (numbers == np.floor(numbers)) & exact
        written_whole = cells.str.fullmatch(r"[+-]?\d+(?:\.0)?").to_numpy(dtype=bool)
        self._all["whole"] = self._all["whole"] and bool((whole & written_whole).all())
        self._all["plain"] = self._all["plain"] and bool(exact.all())
        low, high = float(numbers.min()), float(numbers.max())
        self.minimum = low if self.minimum is None else min(self.minimum, low)
        self.maximum = high if self.maximum is None else max(self.maximum, high)

    @property
    def exact(self) -> bool:
        """Whether every number is small enough for a double to hold it exactly."""
        return self._all["plain"]

    @staticmethod
    def _moments(values: pd.Series[Any]) -> bool:
        import pandas as pd

        if not values.str.fullmatch(_ISO_DATE).all():
            return False
        read = pd.to_datetime(values, errors="coerce", utc=True, format="ISO8601")
        return not read.isna().any()
