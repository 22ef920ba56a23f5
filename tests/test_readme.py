"""The README says what is there."""

import io
import re

import matplotlib.image
import numpy as np
import pytest

from rsi_teach.learn.chapters import CHAPTERS
from rsi_teach.learn.exercises import checkers
from rsi_teach.pictures.loop import Machine
from tools.notebooks import ROOT

README = (ROOT / "README.md").read_text("utf-8")


@pytest.mark.parametrize("chapter", CHAPTERS.values(), ids=lambda chapter: chapter.stem)
def test_every_chapter_is_listed_with_its_minutes(chapter):
    (row,) = re.findall(rf"^\| {chapter.number:02d} \|.*$", README, re.M)
    _, title, minutes, exercises = (cell.strip() for cell in row.strip("|").split("|"))
    assert title.startswith(f"[{chapter.title}](course/{chapter.stem}.ipynb)")
    assert int(minutes) == chapter.minutes
    spent = sum(checker.minutes for checker in checkers(chapter).values())
    wanted = f"[{spent}](exercises/{chapter.stem}.ipynb)" if spent else "–"
    assert exercises == wanted


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def test_its_picture_is_the_one_that_the_course_draws():
    """Run `python -m tools.notebooks` if this fails; it draws course/machine.png as well."""
    drawn = matplotlib.image.imread(io.BytesIO(Machine().at().png))
    shown = matplotlib.image.imread(ROOT / "course" / "machine.png")
    assert drawn.shape == shown.shape
    assert np.mean(np.abs(drawn - shown).max(axis=2) > 0.2) < 0.0005
