"""The machine's figures: milliseconds per generation and stage, and the five-row table.

Run with ``python benchmarks/machine.py``; it prints Markdown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np

from rsi_teach.machine import PRESETS, STAGES, Lab, Run, run, sweep

WHAT = {
    "recursive": "learning settings only, step self-adapting",
    "scheduled": "learning settings only, step fixed small (the human schedule)",
    "stamp": "also the stamp gain",
    "replay": "also replaying failed test items",
    "both": "both",
}
SEEDS = range(20)
EARLY = 5


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of the machine's table: one value per seed in every array.

    Parameters
    ----------
    preset : str
        A key of `rsi_teach.machine.PRESETS`.
    visible, deployed : array, shape (2, seeds)
        Accuracy at generation 5 and at the last one.
    """

    preset: str
    visible: np.ndarray
    deployed: np.ndarray

    @property
    def what(self) -> str:
        """What the machine may change, in words."""
        return WHAT[self.preset]


def machine_table(
    seeds: Iterable[int] = SEEDS,
    *,
    presets: Sequence[str] = tuple(PRESETS),
    lab: Lab | None = None,
    generations: int = 60,
    executor: Executor | None = None,
) -> list[Row]:
    """Measure the five rows: visible and deployed accuracy at generation 5 and at the end."""
    permissions = [PRESETS[preset] for preset in presets]
    runs = sweep(permissions, seeds, lab=lab, generations=generations, executor=executor)
    return [_row(preset, row) for preset, row in zip(presets, runs, strict=True)]


def _row(preset: str, runs: list[Run]) -> Row:
    ends = [EARLY, -1]
    return Row(
        preset=preset,
        visible=np.array([record.visible[ends] for record in runs]).T,
        deployed=np.array([record.deployed[ends] for record in runs]).T,
    )


def table_markdown(rows: Sequence[Row]) -> str:
    """Write the table: mean over seeds, and the 5th and 95th percentile of the last value."""
    seeds = rows[0].visible.shape[1]
    spread = "5 % to 95 %"
    columns = ("what it may change", "visible, gen 5 → 59", spread, "deployed, gen 5 → 59", spread)
    lines = [
        f"Means over {seeds} seeds, and where the middle 90 % of the seeds end.",
        "",
        f"| {' | '.join(columns)} |",
        "|---|---|---|---|---|",
    ]
    lines += [f"| {row.what} | {_cells(row.visible)} | {_cells(row.deployed)} |" for row in rows]
    return "\n".join(lines)


def _cells(values: np.ndarray) -> str:
    early, late = values.mean(axis=1)
    low, high = np.percentile(values[1], [5, 95])
    return f"{early:.3f} → {late:.3f} | {low:.3f} to {high:.3f}"


def stage_times(generations: int = 60) -> dict[str, float]:
    """Median milliseconds per generation of each stage, over one run with every permission."""
    seconds = run(PRESETS["both"], generations=generations).seconds
    return dict(zip(STAGES, (1e3 * np.median(seconds, axis=0)).tolist(), strict=True))


def times_markdown(times: dict[str, float]) -> str:
    """Write the stage times as a table."""
    lines = ["| stage | ms per generation |", "|---|---|"]
    lines += [f"| {stage} | {time:.2f} |" for stage, time in times.items()]
    return "\n".join([*lines, f"| all | {sum(times.values()):.2f} |"])


if __name__ == "__main__":
    print(times_markdown(stage_times()), end="\n\n")
    print(table_markdown(machine_table()))
