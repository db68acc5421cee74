"""How many CPUs a container says there are."""

import os

import pytest

from minerva.layers.abstraction.training.cpus import usable_cpus

HERE = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("100000 100000\n", 1),
        ("50000 100000", 1),
        ("1 100000", 1),
        ("150000 100000", 2),
        ("200001 100000", 3),
        ("max 100000", 1_000_000),
        ("", 1_000_000),
        ("much of it", 1_000_000),
        ("100000", 1_000_000),
        ("100000 0", 1_000_000),
    ],
)
def test_a_quota_is_rounded_up_and_never_exceeds_the_machine(tmp_path, text, allowed):
    file = tmp_path / "cpu.max"
    file.write_text(text)

    assert usable_cpus(file) == min(HERE, allowed)


def test_without_a_quota_all_cpus_may_be_used(tmp_path):
    assert usable_cpus(tmp_path / "no such file") == HERE
    assert usable_cpus(tmp_path) == HERE


def test_there_is_always_one(tmp_path):
    (tmp_path / "cpu.max").write_text("0 100000")

    assert usable_cpus(tmp_path / "cpu.max") == 1
