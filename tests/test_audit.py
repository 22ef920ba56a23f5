"""AUDIT.md says what the course would say of itself today."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def audit():
    found = importlib.util.spec_from_file_location("audit", ROOT / "tools" / "audit.py")
    module = importlib.util.module_from_spec(found)
    sys.modules["audit"] = module
    found.loader.exec_module(module)
    yield module
    del sys.modules["audit"]


def test_the_committed_file_is_up_to_date(audit):
    """Run `python tools/audit.py` and commit AUDIT.md if this fails."""
    assert audit.stale(audit.AUDIT.read_text("utf-8")) == []


def test_a_change_is_noticed_and_a_timing_is_not(audit, monkeypatch):
    said = {"Claims": "three", "Time": "5 ms"}
    sections = tuple(
        audit.Section(title=title, body=lambda title=title: said[title], cost=cost)
        for title, cost in (("Claims", "cheap"), ("Time", "timed"))
    )
    monkeypatch.setattr(audit, "SECTIONS", sections)
    text = audit.written(sections)
    assert audit.stale(text) == []
    said["Time"] = "9 ms"
    assert audit.stale(text) == []
    said["Claims"] = "four"
    assert audit.stale(text) == ["Claims"]
    assert audit.stale("") == ["Claims", "Time"]


def test_the_slow_part_can_be_kept(audit):
    slow = audit.Section(title="Slow", body=lambda: "new", cost="slow")
    cheap = audit.Section(title="Cheap", body=lambda: "new")
    old = "## Slow\n\nold\n\nlines\n\n## Cheap\n\nold\n"
    kept = audit.bodies(audit.written((slow, cheap), keep=old))
    assert kept == {"Slow": "old\n\nlines", "Cheap": "new"}
    assert audit.bodies(audit.written((slow, cheap))) == {"Slow": "new", "Cheap": "new"}


def test_claims_are_counted_from_the_code_of_a_notebook(audit, tmp_path):
    source = "claims(Claim(kind='judgement', claim='a'), learn.Claim(claim='b', kind='judgement'))"
    cells = [
        {"cell_type": "markdown", "source": ["Claim(kind='judgement')"]},
        {"cell_type": "code", "source": ["%matplotlib inline\n", source]},
    ]
    notebook = tmp_path / "99_test.ipynb"
    notebook.write_text(json.dumps({"cells": cells}), "utf-8")
    assert list(audit.kinds_claimed(notebook)) == ["judgement", "judgement"]


def test_a_published_number_is_called_missed_only_if_it_is(audit):
    rows = [line for line in audit.published().splitlines() if line.startswith("| ")][2:]
    entries = audit.module_at("tests/test_published.py").PUBLISHED
    assert len(rows) == len(entries)
    for row, entry in zip(rows, entries, strict=True):
        assert ("**missed**" in row) == (entry.miss is not None)


def test_a_stated_number_is_called_off_only_if_it_is(audit):
    rows = [line for line in audit.closed_forms().splitlines() if line.startswith("| ")][2:]
    entries = audit.module_at("tests/test_closed_form.py").STATED
    assert len(rows) == len(entries)
    for row, entry in zip(rows, entries, strict=True):
        assert ("**off**" in row) == (entry.miss is not None)


def test_a_checker_that_lets_a_wrong_answer_through_loses_a_point(audit):
    from rsi_teach.learn.checker import Checker, Number

    class Six(Checker):
        """Asks for six."""

        key, title, difficulty, minutes = "99.1", "Six", 1, 1
        asks = Number()
        hints = not_checked = slips_through = "nothing"
        right = (6.0,)
        wrong = {"seven": (7.0, "not six"), "nearly": (6.5, "not six"), "word": ("six", "number"),
                 "eight": (8.0, "another message")}  # fmt: skip

        def check(self, answer):
            self.expect(answer < 7, "not six")

    _, _, right, caught, listed, _ = audit._checker_row(Six)
    assert (right, caught, listed) == ("1 of 1", 2, 4)


def test_a_cell_of_a_table_cannot_break_it(audit):
    assert audit.table(["a"], [["x|y\nz"]]).splitlines()[-1] == "| x\\|y z |"
