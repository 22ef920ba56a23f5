"""What the predictions add up to, and the list of further reading."""

import html
import re

import pytest

from rsi_teach.learn import predict, reading, reveal, scorecard
from rsi_teach.learn.references import references


def test_hits_and_briers_are_counted_by_chapter():
    for number, (low, high) in enumerate([(0, 10), (6, 7), (0, 4)]):
        predict(f"98.{number}", "How many?").lock(low, high)
        reveal(f"98.{number}", 5.0)
    predict("98.yes", "Is it?", kind="probability").lock(0.8)
    reveal("98.yes", True)
    predict("97.other", "How many?").lock(0, 1)
    reveal("97.other", 0.5)
    said = repr(scorecard("98."))
    assert "4 predictions revealed." in said
    assert "1 of 3 intervals held" in said
    assert "Mean Brier score of 1 probabilities: 0.04" in said
    assert "2 of 4 intervals held" in repr(scorecard())


def test_few_answers_leave_much_open():
    predict("98.one", "How many?").lock(0, 10)
    reveal("98.one", 5.0)
    low, high = map(
        int, re.search(r"from\s+(\d+)\s+to\s+(\d+)\s+%", repr(scorecard("98."))).groups()
    )
    assert (low, high) == (5, 100)


def test_a_repeated_reveal_counts_once():
    predict("98.twice", "How many?").lock(0, 10)
    reveal("98.twice", 5.0)
    reveal("98.twice", 50.0)
    assert "1 predictions revealed." in repr(scorecard("98."))


def test_every_reference_can_be_listed():
    keys = list(references())
    listed = reading(*keys)
    assert len(listed.parts) == len(keys) > 15
    for line in listed.parts:
        assert re.fullmatch(r"\S.* \(\d{4}\)\. .+[.?]", line), line
        assert "{" not in line and "\\" not in line
    for link in filter(None, listed.links):
        assert html.escape(link) in listed.html()


def test_an_unknown_reference_is_named():
    with pytest.raises(ValueError, match="nobody1900"):
        reading("nobody1900")


def test_a_reference_says_where_it_appeared_if_anything_does():
    parts = reading("ricklefs2014ecology", "hamilton2026peto", "levin1976note").parts
    assert parts[0].endswith("The Economy of Nature. W. H. Freeman, 7th edition.")
    assert parts[1].endswith("Peto's paradox and AI agents.")
    assert parts[2].endswith("Theoretical Population Biology 9 178–187.")
