"""The README says what is there."""

import io
import re

import matplotlib.image
import numpy as np
import pytest

from rsi_teach.learn.chapters import CHAPTERS
from rsi_teach.pictures.loop import Machine
from tools import clocks
from tools.notebooks import ROOT, read

README = (ROOT / "README.md").read_text("utf-8")


@pytest.mark.parametrize("chapter", CHAPTERS.values(), ids=lambda chapter: chapter.stem)
def test_every_chapter_is_listed_with_its_minutes(chapter):
    (row,) = re.findall(rf"^\| {chapter.number:02d} \|.*$", README, re.M)
    _, title, minutes, exercises = (cell.strip() for cell in row.strip("|").split("|"))
    assert title.startswith(f"[{chapter.title}](course/{chapter.stem}.ipynb)")
    assert int(minutes) == clocks.spent(chapter.stem, "self", exercises=False)
    more = clocks.spent(chapter.stem, "self", exercises=True)
    assert exercises == (f"[{more}](exercises/{chapter.stem}.ipynb)" if more else "–")


@pytest.mark.parametrize("chapter", CHAPTERS.values(), ids=lambda chapter: chapter.stem)
def test_notebooks_say_how_long_their_exercises_take(chapter):
    spent = clocks.spent(chapter.stem, "self", exercises=True)
    for folder, cell in (("course", "next"), ("exercises", "note-1")) if spent else ():
        cells = read(ROOT / folder / f"{chapter.stem}.ipynb").cells
        (text,) = [one.source for one in cells if one.id == cell]
        assert f"about {spent} minutes" in text, folder


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def test_its_picture_is_the_one_that_the_course_draws():
    """Run `python -m tools.notebooks` if this fails; it draws course/machine.png as well."""
    drawn = matplotlib.image.imread(io.BytesIO(Machine().at().png))
    shown = matplotlib.image.imread(ROOT / "course" / "machine.png")
    assert drawn.shape == shown.shape
    assert np.mean(np.abs(drawn - shown).max(axis=2) > 0.2) < 0.0005
