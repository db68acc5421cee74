"""The contract of steps: every check, with the sentence that it proves. Needs no pytest."""

from __future__ import annotations

from minerva.step import Learns, Step
from minerva.testing.check import Check
from minerva.testing.step import answers, conduct, declaring, inputs
from minerva.testing.step.case import StepCase


def _gathers(step: Step) -> bool:
    return step.shape == "gather"


def _learns(step: Step) -> bool:
    return isinstance(step, Learns)


CHECKS: tuple[Check[Step, StepCase], ...] = (
    Check("declared", "declares what flows need to know", declaring.what_flows_need_is_declared, base=True),
    Check("parameters", "parameters have descriptions and ranges", declaring.parameters_are_described),
    Check(
        "outputs", "says what it makes, at once and without an effect", declaring.what_it_makes_is_said,
        base=True,
    ),
    Check("refusals", "refuses inputs that do not fit", declaring.what_does_not_fit_is_refused),
    Check("made", "makes what it says", answers.what_was_promised_is_made, base=True),
    Check("types", "can work on whatever it accepts", inputs.what_is_accepted_can_be_worked_on),
    Check("gaps", "missing values are no surprise", inputs.gaps_are_no_surprise),
    Check("rows", "each row is for itself, whatever the batch", answers.each_row_is_for_itself),
    Check("empty", "no rows give no rows", answers.no_rows_give_no_rows),
    Check(
        "groups", "a record without rows is answered", answers.a_record_without_rows_is_answered,
        _gathers,
    ),
    Check("untouched", "the columns are left as they were", answers.the_columns_are_left_alone),
    Check("failures", "rows that fail are named, with a reason", inputs.rows_that_fail_are_named),
    Check(
        "learnt", "what it learns is arrays, the same of the same rows", answers.what_is_learnt_is_arrays,
        _learns,
    ),
    Check(
        "again", "the same rows give the same, in a fresh process too",
        answers.the_same_rows_give_the_same,
    ),
    Check("threads", "threads do not disturb each other", conduct.threads_do_not_disturb_each_other),
    Check("network", "the network is left alone", conduct.the_network_is_left_alone),
    Check("files", "files are written into the volume only", conduct.files_go_through_the_volume),
)  # fmt: skip


def by_name(name: str) -> Check[Step, StepCase]:
    """Return one of them."""
    return next(check for check in CHECKS if check.name == name)
