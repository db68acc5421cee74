"""Memory is freed from whoever was used least recently, never from whoever is busy."""

import os
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from minerva.layers.abstraction.runtimes.budget import Usage, resident, surplus

USAGES = st.lists(
    st.builds(
        Usage,
        key=st.uuids().map(lambda key: key.hex),
        rss_bytes=st.integers(0, 100),
        busy=st.booleans(),
        used_at=st.floats(0, 1e6),
    ),
    unique_by=lambda usage: usage.key,
)


@given(USAGES, st.integers(1, 300))
def test_nobody_busy_and_nobody_used_last_is_ended(usages, budget):
    ended = set(surplus(usages, budget))

    last = max(usages, key=lambda usage: usage.used_at, default=None)
    assert not any(usage.busy for usage in usages if usage.key in ended)
    assert last is None or [u for u in usages if u.used_at == last.used_at and u.key not in ended]


@given(USAGES, st.integers(1, 300))
def test_who_is_ended_was_used_before_all_idle_ones_that_stay(usages, budget):
    ended = set(surplus(usages, budget))

    stay = [usage.used_at for usage in usages if usage.key not in ended and not usage.busy]
    go = [usage.used_at for usage in usages if usage.key in ended]
    assert not stay or not go or max(go) <= min(stay)


@given(USAGES, st.integers(1, 300))
def test_as_many_as_needed_are_ended_and_no_more(usages, budget):
    ended = surplus(usages, budget)

    def left(gone):
        return sum(usage.rss_bytes for usage in usages if usage.key not in gone)

    rest = [u for u in usages if u.key not in ended and not u.busy]
    assert left(ended) <= budget or len(rest) <= 1
    assert not ended or left(ended[:-1]) > budget


@given(USAGES)
def test_without_a_budget_nobody_is_ended(usages):
    assert surplus(usages, 0) == ()


def test_the_memory_of_a_group_is_that_of_all_its_processes():
    hungry = "import time; a = b'x' * 30_000_000; print(flush=True); time.sleep(600)"
    family = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {hungry!r}])"
    with subprocess.Popen(
        [sys.executable, "-c", family], stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        process.stdout.readline()
        sizes = resident([process.pid, 1 << 30])
        os.killpg(process.pid, 9)

    assert 30_000_000 < sizes[process.pid] < 300_000_000
    assert sizes[1 << 30] == 0


def test_where_the_system_does_not_tell_nobody_has_a_size(tmp_path):
    assert resident([5], tmp_path / "absent") == {5: 0}


def test_a_process_that_ends_meanwhile_is_not_counted(tmp_path):
    (tmp_path / "7").mkdir()
    (tmp_path / "8").mkdir()
    (tmp_path / "8" / "stat").write_text("8 (a) name) S")

    assert resident([5], tmp_path) == {5: 0}
