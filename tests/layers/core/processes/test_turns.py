"""Workers share out a burst of callers, and nobody waits for a worker that is alone."""

from minerva.layers.core.processes.turns import LONGEST_S, Turns


def shared_out(callers, workers, awake_from):
    """Let workers look every 10 µs at a burst that is there at once; return how many each accepted."""
    turns, held = [Turns(workers) for _ in range(workers)], [0] * workers
    now = 0.0
    while sum(held) < callers:
        for place, turn in enumerate(turns):
            if now >= awake_from[place] and turn.is_ours(now) and sum(held) < callers:
                held[place] += 1
                turn.accepted(held[place], now)
        now += 10e-6
    return held


def test_a_worker_that_wakes_later_gets_almost_as_many_callers():
    assert min(shared_out(16, 2, awake_from=[0.0, 100e-6])) >= 7
    assert min(shared_out(40, 4, awake_from=[0.0, 100e-6, 200e-6, 300e-6])) >= 9


def test_a_worker_alone_accepts_at_once():
    turns = Turns(workers=1)
    turns.accepted(1000, now=5.0)

    assert turns.is_ours(now=5.0)


def test_however_many_callers_there_are_the_next_one_waits_half_a_millisecond_at_most():
    turns = Turns(workers=2)
    turns.accepted(10_000, now=5.0)

    assert not turns.is_ours(now=5.0 + 0.9 * LONGEST_S)
    assert turns.is_ours(now=5.0 + 1.1 * LONGEST_S)
