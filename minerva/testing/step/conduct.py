"""Checks of how a step behaves: threads, network and files."""

from __future__ import annotations

from minerva.testing.algorithm.conduct import THREADS, many_turns
from minerva.testing.step.case import REFUSALS, StepCase
from minerva.testing.step.declaring import life_of
from minerva.testing.step.outcome import difference
from minerva.testing.threads import at_once
from minerva.testing.verdict import Broken, NotApplicable

CALLS = 5
MEND_THREADS = "Keep no state on the instance or in its module: one instance serves all threads."


def threads_do_not_disturb_each_other(case: StepCase) -> None:
    """Threads run it at once, in one volume, and make what one made before."""
    before, learnt, fields = case.run().units, case.learnt, case.fields
    with case.volume() as volume:

        def work(number: int) -> str | None:
            del number
            for _ in range(CALLS):
                try:
                    units = case.try_run(case.items(), fields, learnt, volume).units
                except REFUSALS as error:
                    if case.step.outside:
                        return None
                    return f"run refused the rows with {type(error).__name__}"
                found = None if case.step.outside else difference(before, units, "alone", "then")
                if found:
                    return found
            return None

        with many_turns():
            try:
                found = [one for one in at_once(THREADS, work) if one]
            except Broken as broken:
                raise Broken(
                    f"With {THREADS} threads at once: {broken.what}", MEND_THREADS
                ) from broken
    if found:
        raise Broken(f"{THREADS} threads at once make something else: {found[0]}.", MEND_THREADS)


def the_network_is_left_alone(case: StepCase) -> None:
    """Only what declares that it reaches outside may call there."""
    if case.step.outside:
        raise NotApplicable("declared outside = True")
    case.run()
    calls = [one for one in life_of(case)["calls"] if one["phase"] != "outputs"]
    if calls:
        first = calls[0]
        raise Broken(
            f"{first['phase']} called {first['call']}{first['where']}.",
            "Let a collector bring what is needed, or declare `outside = True`.",
        )


def files_go_through_the_volume(case: StepCase) -> None:
    """Only what declares that it changes something outside may write elsewhere."""
    if case.step.outside:
        raise NotApplicable("declared outside = True")
    case.run()
    writes = [one for one in life_of(case)["writes"] if one["phase"] != "outputs"]
    if writes:
        first = writes[0]
        raise Broken(
            f"{first['phase']} wrote {first['path']}{first['where']}.",
            "Write with context.volume.write(name, content), which is cleaned up, or use tempfile.",
        )
