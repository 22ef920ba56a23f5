"""A digit reader that improves how it learns: real data, real search, nothing scripted.

One generation proposes mutated genomes, trains and scores each on the lab's visible test, keeps
the best, and deploys it on images that the lab never sees. `run` does sixty of them in about a
second; `generations` hands them out one at a time.

Examples
--------
>>> from rsi_teach.machine import PRESETS, run
>>> record = run(PRESETS["recursive"], generations=3, seed=1)
>>> record.visible.shape, int(record.queries[-1])
((3,), 37)
"""

from rsi_teach.machine.data import (
    Deployment,
    Digits,
    Images,
    Lab,
    LabData,
    World,
    draw_world,
    load_digits,
)
from rsi_teach.machine.genome import GENES, PRESETS, Genome, Permissions, mutate
from rsi_teach.machine.loop import (
    STAGES,
    Generation,
    Run,
    Update,
    deploy,
    fixed_exam,
    fresh_exam,
    gated,
    generations,
    propose,
    run,
    select,
    sweep,
)
from rsi_teach.machine.policy import (
    Outcome,
    Played,
    PolicySweep,
    held_out,
    practice,
    run_policy,
    sweep_policies,
)
from rsi_teach.machine.reader import Reader, Trial, experiment
from rsi_teach.machine.scenarios import HELD_OUT, PRACTICE, Scenario
from rsi_teach.machine.updates import MeasuredUpdate, measured_updates

__all__ = [
    "GENES",
    "HELD_OUT",
    "PRACTICE",
    "PRESETS",
    "STAGES",
    "Deployment",
    "Digits",
    "Generation",
    "Genome",
    "Images",
    "Lab",
    "LabData",
    "MeasuredUpdate",
    "Outcome",
    "Permissions",
    "Played",
    "PolicySweep",
    "Reader",
    "Run",
    "Scenario",
    "Trial",
    "Update",
    "World",
    "deploy",
    "draw_world",
    "experiment",
    "fixed_exam",
    "fresh_exam",
    "gated",
    "generations",
    "held_out",
    "load_digits",
    "measured_updates",
    "mutate",
    "practice",
    "propose",
    "run",
    "run_policy",
    "select",
    "sweep",
    "sweep_policies",
]
