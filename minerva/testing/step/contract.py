"""What every kind of step promises, as a pytest class.

Subclass it, say which step, and give rows that it can work on:

    from minerva.testing import StepContract, steps_in

    class TestDoubled(StepContract):
        (step,) = steps_in("plugins/doubled.py")        # or an instance: Doubled()
        parameters = {"times": 2}
        fields = {"once": {"type": "number"}}           # left out: as the step's `inputs` say
        columns = {"once": [1, 2.5, -3]}                # left out: made up

For a step that gathers, `of` says which record each row belongs to and `records` how many there are.
`files`, name → bytes, lie in the volume. Each attribute may be a fixture of that name instead.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from minerva.step import Step
from minerva.testing.algorithm.contract import Advice
from minerva.testing.given import cases_of, given
from minerva.testing.origin import origin_of
from minerva.testing.step.case import Limits, StepCase
from minerva.testing.step.checks import by_name
from minerva.testing.step.example import example_of
from minerva.testing.verdict import Broken, NotApplicable


class StepContract:
    """Each test is one promise. A failure says what happened and how to mend it."""

    step: Any
    """An instance."""
    parameters: Any = {}  # noqa: RUF012 - a subclass replaces it, nobody changes it
    """As a flow declares them."""
    fields: Any = None
    """Input → its field, as a service declares it."""
    columns: Any = None
    """Input → its values, as a caller sends them; None where missing."""
    of: Any = None
    """Of a step that gathers: which record each row belongs to, from 0 and never decreasing."""
    records: Any = None
    """How many records there are."""
    files: Any = {}  # noqa: RUF012 - as above
    """Name → bytes: what a step before has left in the volume."""
    workspace: Any = None
    """Folder that relative paths in the parameters are below."""
    limits: ClassVar[Limits] = Limits()

    @pytest.fixture
    def case(self, request: pytest.FixtureRequest, tmp_path: Path) -> StepCase:
        """Return what the checks look at; one for the whole class, if its parts stay the same."""
        parts = given(self, _TYPES, request)
        cases = cases_of(request)
        key = f"{id(parts['step'])} {parts}"
        if key not in cases:
            rows = [parts[name] for name in ("fields", "columns", "of", "records")]
            cases[key] = StepCase(
                step=parts["step"],
                origin=origin_of(parts["step"]),
                example=example_of(parts["step"], *rows),
                parameters=parts["parameters"],
                files=parts["files"],
                workspace=(parts["workspace"] or tmp_path).resolve(),
                limits=self.limits,
            )
        found: StepCase = cases[key]
        return found

    def test_it_declares_what_flows_need_to_know(self, case: StepCase) -> None:
        verify("declared", case)

    def test_parameters_have_descriptions_and_ranges(self, case: StepCase) -> None:
        verify("parameters", case)

    def test_it_says_what_it_makes_at_once_and_without_an_effect(self, case: StepCase) -> None:
        verify("outputs", case)

    def test_it_refuses_inputs_that_do_not_fit(self, case: StepCase) -> None:
        verify("refusals", case)

    def test_it_makes_what_it_says(self, case: StepCase) -> None:
        verify("made", case)

    def test_it_can_work_on_whatever_it_accepts(self, case: StepCase) -> None:
        verify("types", case)

    def test_missing_values_are_no_surprise(self, case: StepCase) -> None:
        verify("gaps", case)

    def test_each_row_is_for_itself_whatever_the_batch(self, case: StepCase) -> None:
        verify("rows", case)

    def test_no_rows_give_no_rows(self, case: StepCase) -> None:
        verify("empty", case)

    def test_a_record_without_rows_is_answered(self, case: StepCase) -> None:
        verify("groups", case)

    def test_the_columns_are_left_as_they_were(self, case: StepCase) -> None:
        verify("untouched", case)

    def test_rows_that_fail_are_named_with_a_reason(self, case: StepCase) -> None:
        verify("failures", case)

    def test_what_it_learns_is_arrays_the_same_of_the_same_rows(self, case: StepCase) -> None:
        verify("learnt", case)

    def test_the_same_rows_give_the_same_in_a_fresh_process_too(self, case: StepCase) -> None:
        verify("again", case)

    def test_threads_do_not_disturb_each_other(self, case: StepCase) -> None:
        verify("threads", case)

    def test_the_network_is_left_alone(self, case: StepCase) -> None:
        verify("network", case)

    def test_files_are_written_into_the_volume_only(self, case: StepCase) -> None:
        verify("files", case)


_TYPES: Mapping[str, Any] = {
    "step": Step,
    "parameters": Mapping,
    "fields": Mapping | None,
    "columns": Mapping | None,
    "of": Sequence | None,
    "records": int | None,
    "files": Mapping,
    "workspace": Path | None,
}
"""What an attribute is, unless it is a fixture."""


def verify(name: str, case: StepCase) -> None:
    """Do one check; advice becomes a warning, what does not apply passes."""
    __tracebackhide__ = True
    check = by_name(name)
    if not check.concerns(case.step):
        return
    try:
        advice = check.look(case) or ()
    except NotApplicable:
        return
    except Broken as broken:
        raise broken.with_traceback(None) from None  # the sentence is enough for the author
    for one in advice:
        warnings.warn(one, Advice, stacklevel=2)
