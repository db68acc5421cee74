"""Every worker counts in its own place, and each tells of all."""

import os

from minerva.layers.core.telemetry.traffic import Traffic, shared


def test_what_is_in_flight_ends():
    traffic = Traffic()
    traffic.began()
    traffic.began()
    traffic.ended()

    assert traffic.totals().in_flight == 1


def test_answers_are_counted_by_the_first_digit_of_their_status():
    traffic = Traffic()
    for status in (200, 202, 404, 503):
        traffic.answered(status, 0.25)

    assert traffic.totals().answered == {2: 2, 3: 0, 4: 1, 5: 1}
    assert traffic.totals().seconds == 1.0


def test_workers_in_processes_of_their_own_are_told_of_together():
    cells = shared(3)
    here = Traffic()
    here.share(cells, 0)
    here.began()

    child = os.fork()
    if child == 0:
        there = Traffic()
        there.share(cells, 2)
        there.began()
        there.answered(200, 0.5)
        os._exit(0)
    os.waitpid(child, 0)

    assert here.totals().in_flight == 2
    assert here.totals().answered[2] == 1


def test_who_stands_in_for_a_worker_keeps_its_sums_and_none_of_its_requests():
    cells = shared(1)
    killed, next_ = Traffic(), Traffic()
    killed.share(cells, 0)
    killed.began()
    killed.answered(200, 0.5)

    next_.share(cells, 0)

    totals = next_.totals()
    assert (totals.in_flight, totals.answered[2], totals.seconds) == (0, 1, 0.5)
