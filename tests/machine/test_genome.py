"""What may move, and how far."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rsi_teach.machine import GENES, PRESETS, Genome, Permissions, mutate
from rsi_teach.machine.genome import RANGES

genomes = st.builds(Genome, **{gene: st.floats(low, high) for gene, (low, high) in RANGES.items()})
permissions = st.builds(Permissions, **dict.fromkeys(PRESETS["both"].__dict__, st.booleans()))
noises = hnp.arrays(float, 6, elements=st.floats(-6, 6))


@given(genomes, noises, permissions)
def test_only_permitted_genes_move_and_stay_in_range(genome, noise, allowed):
    child = mutate(genome, noise, allowed)
    for gene in GENES:
        low, high = RANGES[gene]
        assert low <= getattr(child, gene) <= high
        if gene not in allowed.genes:
            assert getattr(child, gene) == getattr(genome, gene)


def test_the_step_moves_first_and_its_new_value_is_used():
    child = mutate(Genome(step=0.1), [0.5, -1, 2, 0.25, -0.3, 1], PRESETS["both"], adaptation=0.4)
    step = 0.1 * math.exp(0.4)
    assert child.step == pytest.approx(step, rel=1e-12)
    assert child.bandwidth == pytest.approx(1.5 * math.exp(0.5 * step), rel=1e-12)
    assert child.ridge == pytest.approx(math.exp(-step), rel=1e-12)
    assert child.contrast == pytest.approx(math.exp(2 * step), rel=1e-12)
    assert child.stamp == pytest.approx(0.25 * step, rel=1e-12)
    assert child.replay == 0


def test_a_fixed_step_is_used_as_it_is_even_below_the_floor():
    child = mutate(Genome(step=0.01), [1, 0, 0, 0, 0, 3], PRESETS["scheduled"])
    assert child.step == 0.01
    assert child.bandwidth == pytest.approx(1.5 * math.exp(0.01))


def test_a_self_adapting_step_keeps_to_its_floor():
    assert mutate(Genome(), [0, 0, 0, 0, 0, -5], Permissions()).step == 0.05
    assert mutate(Genome(), [0, 0, 0, 0, 0, -5], Permissions(), slowest=0.01).step == 0.01


@pytest.mark.parametrize("gene", GENES)
def test_a_gene_out_of_range_is_named(gene):
    low, high = RANGES[gene]
    for value in (low - 1, high + 1, math.nan, math.inf):
        with pytest.raises(ValueError, match=gene):
            Genome(**{gene: value})


@pytest.mark.parametrize("name", ["learning", "step", "stamp", "replay"])
def test_a_permission_is_true_or_false(name):
    with pytest.raises(ValueError, match=name):
        Permissions(**{name: 0.5})


@pytest.mark.parametrize(
    ("named", "arguments"),
    [
        ("noise", {"noise": np.zeros(5)}),
        ("noise", {"noise": np.full(6, np.nan)}),
        ("adaptation", {"adaptation": -0.1}),
        ("slowest", {"slowest": 0.0}),
    ],
)
def test_mutate_names_what_is_wrong(named, arguments):
    call = {"noise": np.zeros(6)} | arguments
    with pytest.raises(ValueError, match=named):
        mutate(Genome(), call.pop("noise"), Permissions(), **call)


def test_a_changed_genome_is_held_in_its_range():
    moved = Genome().changed(step=1e9, stamp=-1, ridge=3)
    assert moved == Genome(step=2.0, stamp=0.0, ridge=3.0)
    with pytest.raises(TypeError, match="luck"):
        Genome().changed(luck=1)


def test_presets_differ_in_permissions_as_the_table_says():
    assert PRESETS["recursive"] == Permissions()
    assert PRESETS["scheduled"] == replace(Permissions(), step=False)
    assert set(PRESETS["stamp"].genes) - set(PRESETS["recursive"].genes) == {"stamp"}
    assert set(PRESETS["replay"].genes) - set(PRESETS["recursive"].genes) == {"replay"}
    assert PRESETS["both"].genes == GENES


def test_unknown_keywords_are_refused():
    for make in (Genome, Permissions):
        with pytest.raises(TypeError, match="luck"):
            make(luck=1)
