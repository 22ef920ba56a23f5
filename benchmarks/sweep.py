"""A sweep of policies on one process and on two: the speed-up, and that the numbers are the same.

Run with ``python benchmarks/sweep.py`` when the machine has nothing else to do; with ``--json`` it
writes `benchmarks/sweep.json`, which AUDIT.md shows.
"""

from __future__ import annotations

import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter

import numpy as np

from rsi_teach.machine import PRACTICE, sweep_policies
from rsi_teach.models.capstone import draw_policies

STORED = Path(__file__).with_name("sweep.json")


@dataclass(frozen=True, kw_only=True)
class SpeedUp:
    """Seconds of the same sweep on one worker process and on two, the best of some times.

    Parameters
    ----------
    runs : int
        Runs of the machine in a sweep.
    one, two : float
        Seconds.
    same : bool
        Whether both gave the same numbers as running in place.
    load : float
        Average number of busy processes in the minute before; above 0.5 the figure says little.
    """

    runs: int
    one: float
    two: float
    same: bool
    load: float

    @property
    def factor(self) -> float:
        """How much faster two are than one."""
        return self.one / self.two


def speed_up(policies: int = 4, *, repeats: int = 3) -> SpeedUp:
    """Time the sweep; the workers are started, and have run once, before the clock is."""
    load = os.getloadavg()[0]
    grid = (draw_policies(policies, np.random.default_rng(1)), PRACTICE, [0])
    in_place = sweep_policies(*grid)
    seconds, same = [], True
    for workers in (1, 2):
        with ProcessPoolExecutor(workers) as executor:
            sweep_policies(*grid, generations=1, executor=executor)
            took = []
            for _ in range(repeats):
                start = perf_counter()
                made = sweep_policies(*grid, executor=executor)
                took.append(perf_counter() - start)
            same &= np.array_equal(made.harm, in_place.harm)
            same &= np.array_equal(made.progress, in_place.progress)
        seconds.append(min(took))
    return SpeedUp(runs=in_place.harm.size, one=seconds[0], two=seconds[1], same=same, load=load)


def markdown(measured: SpeedUp) -> str:
    """Write it in a sentence."""
    busy = " Other programs were running, so it says little." * (measured.load > 0.5)
    return (
        f"A sweep of {measured.runs} runs takes {measured.one:.1f} s on one process and "
        f"{measured.two:.1f} s on two, {measured.factor:.2f} times as fast; the numbers are "
        f"{'the same' if measured.same else '**not the same**'}.{busy}"
    )


if __name__ == "__main__":
    result = speed_up()
    print(markdown(result))
    if "--json" in sys.argv:
        STORED.write_text(json.dumps(asdict(result), indent=1) + "\n", "utf-8")
