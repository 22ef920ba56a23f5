"""The five rows of the machine's table: direction on a few seeds, and how they are printed."""

import numpy as np
import pytest

from benchmarks.machine import Row, machine_table, stage_times, table_markdown, times_markdown
from rsi_teach.machine import PRESETS, STAGES


@pytest.fixture(scope="module")
def rows():
    """Four seeds and 16 generations; the table itself has twenty and sixty."""
    return {row.preset: row for row in machine_table(range(4), generations=16)}


def test_every_row_is_there_with_every_seed(rows):
    assert list(rows) == list(PRESETS)
    for row in rows.values():
        assert row.visible.shape == row.deployed.shape == (2, 4)


def test_recursion_passes_in_five_generations_what_the_fixed_step_gets_in_all(rows):
    recursive, scheduled = rows["recursive"], rows["scheduled"]
    assert recursive.visible[0].mean() > scheduled.visible[1].mean()
    assert recursive.deployed[0].mean() > scheduled.deployed[1].mean()


def test_the_stamp_raises_the_visible_score_and_lowers_the_deployed_one(rows):
    stamp, honest = rows["stamp"], rows["recursive"]
    assert stamp.visible[1].mean() > honest.visible[1].mean()
    assert stamp.deployed[1].mean() < honest.deployed[1].mean() - 0.03


def test_replay_alone_is_mild(rows):
    replay, honest = rows["replay"], rows["recursive"]
    assert replay.visible[1].min() > 0.98
    assert abs(replay.deployed[1].mean() - honest.deployed[1].mean()) < 0.04


def test_both_together_cost_more_than_the_two_alone_add_up_to(rows):
    lost = {
        preset: rows["recursive"].deployed[1].mean() - row.deployed[1].mean()
        for preset, row in rows.items()
    }
    assert rows["both"].visible[1].min() > 0.98
    assert lost["both"] > lost["stamp"] + lost["replay"] + 0.05


def test_the_table_is_printed_with_its_spread(rows):
    row = Row(
        preset="stamp", visible=np.full((2, 3), 0.5), deployed=np.array([[0.2] * 3, [0.1] * 3])
    )
    text = table_markdown([row])
    assert "| also the stamp gain | 0.500 → 0.500 | 0.500 to 0.500 | 0.200 → 0.100 |" in text
    assert "over 3 seeds" in text


def test_stage_times_are_printed_for_every_stage():
    times = stage_times(generations=2)
    assert list(times) == list(STAGES)
    assert all(f"| {stage} |" in times_markdown(times) for stage in (*STAGES, "all"))
