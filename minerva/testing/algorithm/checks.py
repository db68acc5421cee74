"""The algorithm contract: every check, with the sentence that it proves. Needs no pytest."""

from __future__ import annotations

from minerva.algorithm import Algorithm, Imports
from minerva.testing.algorithm import answers, conduct, tuning
from minerva.testing.algorithm.case import Case
from minerva.testing.check import Check


def _serves_files(algorithm: Algorithm) -> bool:
    """Whether it serves files that somebody else trained."""
    return isinstance(algorithm, Imports)


def _can_be_tuned(algorithm: Algorithm) -> bool:
    return bool(algorithm.search_space)


CHECKS: tuple[Check[Algorithm, Case], ...] = (
    Check(
        "answers", "learns, and its answers fit the output", answers.answers_fit_the_output,
        base=True,
    ),
    Check("seed", "the same data and seed give the same model", answers.trainings_repeat),
    Check("saving", "a saved model answers the same in a fresh process", conduct.saving_keeps_the_model),
    Check(
        "reading", "model files are read, damaged ones refused", conduct.model_files_are_read,
        _serves_files,
    ),
    Check("rows", "a record's answer does not depend on its batch", answers.rows_are_answered_alone),
    Check("empty", "an empty batch is answered", answers.an_empty_batch_is_answered),
    Check("untouched", "the batch is left as it was", answers.the_batch_is_left_alone),
    Check("missing", "missing values are answered", answers.missing_values_are_answered),
    Check("unseen", "unseen categories are answered", answers.unseen_categories_are_answered),
    Check("threads", "threads do not disturb each other", conduct.threads_do_not_disturb_each_other),
    Check("network", "the network is left alone", conduct.the_network_is_left_alone),
    Check("memory", "memory is bounded", conduct.memory_is_bounded),
    Check("files", "nothing is written outside its folder", conduct.nothing_is_written_elsewhere),
    Check("output", "standard output is left alone", conduct.nothing_is_printed),
    Check("parameters", "parameters have descriptions and ranges", conduct.parameters_are_described),
    Check(
        "space", "its search space can be tried", tuning.the_search_space_can_be_tried,
        _can_be_tuned,
    ),
)  # fmt: skip


def by_name(name: str) -> Check[Algorithm, Case]:
    """Return one of them."""
    return next(check for check in CHECKS if check.name == name)
