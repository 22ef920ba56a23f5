"""Students on a real JupyterHub: the benchmark's own trial, smaller."""

import sys
from types import SimpleNamespace

import pytest

if not sys.platform.startswith("linux"):
    pytest.skip("a hub on one computer needs Linux", allow_module_level=True)

from benchmarks import hub
from rsi_teach.learn.journal import Journal
from tools.hub import Student, Visit


@pytest.mark.browser
def test_two_students_work_through_a_chapter_and_their_records_do_not_mix(browser_path):
    done = hub.trial(2, "03_steering", "simple")
    assert done.wrong == []
    for use in done.students:
        assert 100 < use.pss <= use.rss < 2000 and use.cpu_s > 1
    assert done.together > sum(use.pss for use in done.students) / 2
    assert "All succeeded" in hub.table(done)


@pytest.fixture
def students(tmp_path):
    """Two students who each locked one interval, and what they typed."""
    class_ = [Student(name, "", tmp_path / name) for name in ("ada", "bo")]
    for low, student in enumerate(class_):
        said = {"question": "?", "unit": None, "low": low, "high": 9.5}
        Journal(student.journal).add("prediction", "03.gain", said)
    return class_, [Visit({"03.gain": [str(low), "9.5"]}, ()) for low in range(2)]


def test_a_record_that_holds_anothers_entry_would_be_named(students):
    class_, visits = students
    room = SimpleNamespace(students=class_)
    assert hub.mixed(room, visits) == []
    assert [said.split(":")[0] for said in hub.mixed(room, visits[::-1])] == ["ada", "bo"]
    extra = {"question": "?", "unit": None, "probability": 0.5}
    Journal(class_[1].journal).add("prediction", "03.memory", extra)
    assert [said.split(":")[0] for said in hub.mixed(room, visits)] == ["bo"]


def test_a_record_that_was_never_written_would_be_named(students):
    class_, visits = students
    class_[0].journal.unlink()
    said = hub.mixed(SimpleNamespace(students=class_), visits)
    assert said == ["ada: the record does not hold exactly what was typed"]
