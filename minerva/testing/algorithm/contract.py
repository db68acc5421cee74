"""What every algorithm promises, as a pytest class.

Subclass it and say which algorithm:

    from minerva.testing import AlgorithmContract, algorithms_in

    class TestMine(AlgorithmContract):
        (algorithm,) = algorithms_in("plugins/mine.py")      # or an instance: Mine()
        parameters = {"rounds": 5}
        output = "category"                                # or number, boolean, integer

Records are made up for the kind of output, or for a `schema` of your own; or give `data`, records with
inputs and outputs together. Each attribute may be a fixture of that name instead.

An algorithm that serves files somebody else trained is given one: its parameter `path`, below `workspace`.
The schema is then what the file tells of itself, as `minerva import` has it, unless you give another.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from minerva.algorithm import Algorithm
from minerva.schema import Schema
from minerva.testing.algorithm.case import Case, Limits, make_case
from minerva.testing.algorithm.checks import by_name
from minerva.testing.algorithm.fresh import check_elsewhere
from minerva.testing.given import cases_of, given
from minerva.testing.verdict import Broken, NotApplicable


class Advice(UserWarning):
    """Nothing is broken, but somebody will wish that it were better."""


class AlgorithmContract:
    """Each test is one promise. A failure says what happened and how to mend it."""

    algorithm: Any
    """An instance."""
    parameters: Any = {}  # noqa: RUF012 - a subclass replaces it, nobody changes it
    """As a service declares them."""
    output: Any = "number"
    """category, number, boolean or integer; counts where no `schema` is given."""
    schema: Any = None
    """As a service declares it."""
    data: Any = None
    """Records with inputs and outputs; needs `schema`."""
    workspace: Any = None
    """Folder that relative paths in the parameters are below."""
    allow_pickle: ClassVar[bool] = False
    limits: ClassVar[Limits] = Limits()

    @pytest.fixture
    def case(self, request: pytest.FixtureRequest) -> Case:
        """Return what the checks look at; one for the whole class, if its parts stay the same."""
        parts = given(self, _TYPES, request)
        cases = cases_of(request)
        key = f"{id(parts['algorithm'])} {parts}"
        if key not in cases:
            schema = parts.pop("schema")
            cases[key] = make_case(
                **parts,
                schema=schema if isinstance(schema, Schema | None) else Schema.parse(schema),
                allow_pickle=self.allow_pickle,
                limits=self.limits,
            )
        found: Case = cases[key]
        return found

    def test_learns_and_its_answers_fit_the_output(self, case: Case) -> None:
        verify("answers", case)

    def test_the_same_data_and_seed_give_the_same_model(self, case: Case) -> None:
        verify("seed", case)

    def test_a_saved_model_answers_the_same_in_a_fresh_process(self, case: Case) -> None:
        verify("saving", case)

    def test_model_files_are_read_damaged_ones_refused(self, case: Case) -> None:
        verify("reading", case)

    def test_a_records_answer_does_not_depend_on_its_batch(self, case: Case) -> None:
        verify("rows", case)

    def test_an_empty_batch_is_answered(self, case: Case) -> None:
        verify("empty", case)

    def test_the_batch_is_left_as_it_was(self, case: Case) -> None:
        verify("untouched", case)

    def test_missing_values_are_answered(self, case: Case) -> None:
        verify("missing", case)

    def test_unseen_categories_are_answered(self, case: Case) -> None:
        verify("unseen", case)

    def test_threads_do_not_disturb_each_other(self, case: Case) -> None:
        verify("threads", case)

    def test_the_network_is_left_alone(self, case: Case) -> None:
        verify("network", case)

    def test_memory_is_bounded(self, case: Case) -> None:
        verify("memory", case)

    def test_nothing_is_written_outside_its_folder(self, case: Case) -> None:
        verify("files", case)

    def test_standard_output_is_left_alone(self, case: Case) -> None:
        verify("output", case)

    def test_parameters_have_descriptions_and_ranges(self, case: Case) -> None:
        verify("parameters", case)

    def test_its_search_space_can_be_tried(self, case: Case) -> None:
        verify("space", case)


_TYPES: Mapping[str, Any] = {
    "algorithm": Algorithm,
    "parameters": Mapping,
    "output": str,
    "schema": Mapping | Schema | None,
    "data": Sequence | None,
    "workspace": Path | None,
}
"""What an attribute is, unless it is a fixture."""


def verify(name: str, case: Case) -> None:
    """Do one check; advice becomes a warning, what does not apply passes."""
    __tracebackhide__ = True
    try:
        if case.algorithm.requirements:
            advice = check_elsewhere(case, name, _environments()).get("advice", ())
        else:
            advice = by_name(name).look(case) or ()
    except NotApplicable:
        return
    except Broken as broken:
        raise broken.with_traceback(None) from None  # the sentence is enough for the author
    for one in advice:
        warnings.warn(one, Advice, stacklevel=2)


def _environments() -> Path:
    """Where the environments of algorithms with requirements are kept from one run to the next."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "minerva" / "environments"
