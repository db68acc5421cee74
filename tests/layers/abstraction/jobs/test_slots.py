"""How many jobs of a queue a worker runs at once."""

from minerva.layers.abstraction.jobs.slots import Slots
from minerva.testing.threads import at_once


def test_each_queue_has_places_of_its_own():
    slots = Slots({"train": 1, "quick": 2})

    taken = [slots.enter(queue) for queue in ("train", "train", "quick", "quick", "quick", "other")]

    assert taken == [True, False, True, True, False, False]


def test_who_leaves_hears_whether_somebody_called():
    slots = Slots({"train": 1})
    slots.enter("train")
    quiet = slots.leave("train")
    slots.enter("train")
    slots.enter("train")

    assert (quiet, slots.leave("train"), slots.enter("train")) == (False, True, True)


def test_no_more_enter_at_once_than_there_are_places():
    slots = Slots({"train": 3})

    assert sum(at_once(8, lambda _: slots.enter("train"))) == 3
