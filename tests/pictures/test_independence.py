"""Chapter 13's panels of evaluators: that the shares shown are those of all ways to draw them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from rsi_teach.learn.checkers.independence_bank import EACH, FAMILIES, votes
from rsi_teach.models.independence import EDITS
from rsi_teach.pictures import independence as pictures


@pytest.mark.parametrize("panel", list(pictures.PANELS))
@pytest.mark.parametrize("number", [1, 3, 4])
@pytest.mark.parametrize("rule", list(pictures.RULES))
def test_a_panel_lets_through_what_its_subsets_do(panel, number, rule):
    approved = votes("chapter").approved(0.01)[:80]
    families = list(pictures.PANELS[panel])
    sizes = [len(range(place, number, len(families))) for place in range(len(families))]
    ways = [list(itertools.combinations(range(EACH), size)) for size in sizes]
    total, count = np.zeros(80), 0
    for chosen in itertools.product(*ways):
        yes = sum(
            approved[:, FAMILIES.index(family), list(places)].sum(axis=1)
            for family, places in zip(families, chosen, strict=True)
        )
        total += yes == number if pictures.RULES[rule] else 2 * yes > number
        count += 1
    found = pictures.let_through(panel, number, 1.0, rule)[:80]
    np.testing.assert_allclose(found, total / count, atol=1e-12)


def test_what_the_chapter_says_of_panels():
    found = votes("chapter")
    lab, out, half = (list(pictures.PANELS)[i] for i in (0, 2, 3))

    def share(panel, number, rule, kind):
        return pictures.let_through(panel, number, 0.0, rule)[found.kind == kind].mean()

    assert round(share(lab, 3, "a majority approves", "stamp"), 2) == 0.73
    assert round(share(lab, 6, "a majority approves", "stamp"), 2) == 0.66
    assert share(out, 3, "a majority approves", "stamp") < 0.05
    assert 0.2 < share(half, 6, "all approve", "good") < 0.3
    together, product = pictures._all_approve(out, 0.0)
    assert round(together[2], 3) == 0.049 and round(product[2], 4) == 0.0018
    together, product = pictures._all_approve(half, 0.0)
    assert round(together[2], 3) == 0.043 and round(together[5], 3) == 0.012


def test_two_detectors_see_through_the_published_edits_and_not_through_ours():
    fooled = [name for name in EDITS if pictures.Spoofed._fooled(name, ("shared", "isolated"))]
    assert fooled == list(EDITS)[6:]
    assert [n for n in EDITS if pictures.Spoofed._fooled(n, ("shared", "narrow"))] == [
        n for n in EDITS if pictures.Spoofed._fooled(n, ("shared",))
    ]
