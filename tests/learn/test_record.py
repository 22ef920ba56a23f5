"""The learner's record: read from a journal, shown honestly, and pooled without names."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest

from rsi_teach.learn import Record, export_anonymous, pool, predict, reveal, scorecard, synthetic
from rsi_teach.learn.journal import open_journal
from rsi_teach.learn.record_file import BEFORE_BELIEFS, COURSE_KEY, FORMAT, LARGEST, consent
from rsi_teach.learn.record_page import relative_score
from rsi_teach.learn.record_pool import FEWEST, gather
from rsi_teach.models.calibration import Forecaster, interval_scores

WIDE, NARROW = Forecaster(width=1.0), Forecaster(width=0.41)


def ask(key, low, high, truth):
    predict(key, "How many?", unit="units").lock(low, high)
    reveal(key, truth)


def ask_yes(key, probability, truth):
    predict(key, "Will it?", kind="probability").lock(probability)
    reveal(key, truth)


@pytest.fixture
def journal():
    """The test's own journal: seven of nine intervals held, and three probabilities."""
    for number in range(9):
        ask(f"98.{number}", 0, 10, 5.0 if number < 7 else 12.0)
    for number, (p, truth) in enumerate([(0.9, True), (0.2, False), (0.7, False)]):
        ask_yes(f"97.{number}", p, truth)
    return open_journal()


def plain(passage):
    return " ".join(passage.plain().split())


# --- reading --------------------------------------------------------------------------------------


def test_a_record_is_what_was_locked_and_revealed(journal):
    record = Record.of()
    assert len(record) == 12 and record.skipped == 0
    assert record.key == tuple(f"98.{n}" for n in range(9))
    assert record.hit.sum() == 7
    assert record.score.tolist() == [10.0] * 7 + [50.0] * 2
    assert record.score.tolist() == [e.payload["score"] for e in journal.entries("outcome")[:9]]
    assert record.brier.round(2).tolist() == [0.01, 0.04, 0.49]
    assert len(Record.of(chapter="97.")) == 3


def test_what_was_only_locked_or_only_revealed_does_not_count():
    predict("96.open", "How many?").lock(1, 2)
    predict("96.unasked", "How many?")
    reveal("96.unasked", 3.0)
    assert len(Record.of()) == 0 and Record.of().skipped == 0


def test_of_several_reveals_the_last_counts_and_the_first_lock():
    ask("96.a", 0, 10, 5.0)
    predict("96.a", "How many?").lock(0, 99)
    reveal("96.a", 50.0)
    record = Record.of()
    assert record.high.tolist() == [10.0] and record.truth.tolist() == [50.0]


def test_what_was_locked_counts_and_not_what_an_outcome_says_of_it():
    journal = open_journal()
    copy = {"truth": 5.0, "score": 10.0, "hit": True, "prediction": {"low": 0, "high": 10}}
    journal.add("outcome", "96.alone", copy)
    journal.add("prediction", "96.narrow", {"low": 0, "high": 1})
    journal.add("outcome", "96.narrow", copy)
    record = Record.of()
    assert record.skipped == 1 and record.high.tolist() == [1.0] and not record.hit.any()


DAMAGED = [
    ({"low": 1, "high": 2}, {"unreadable": "{"}),
    ({"unreadable": "{"}, {"truth": 1.0}),
    ({"low": 2, "high": 1}, {"truth": 1.0}),
    ({"low": "1", "high": 2}, {"truth": 1.0}),
    ({"low": 1, "high": 2}, {"truth": True}),
    ({"low": 1, "high": 2}, {"truth": 1e300}),
    ({"low": 1, "high": 10**400}, {"truth": 1.0}),
    ({"probability": 1.2}, {"truth": True}),
    ({"probability": 0.2}, {"truth": 0.0}),
    ({"probability": True}, {"truth": True}),
    ({}, {"truth": 1.0}),
    ({"low": 1, "high": 2}, {}),
]


def test_damaged_entries_are_counted_and_stop_nothing(journal):
    for number, (locked, outcome) in enumerate(DAMAGED):
        journal.add("prediction", f"95.{number}", locked)
        journal.add("outcome", f"95.{number}", outcome)
    journal.add("outcome", "95.orphan", {"truth": 1.0, "score": 1.0, "hit": True})
    record = Record.of()
    assert len(record) == 12 and record.skipped == len(DAMAGED) + 1
    assert "13 entries could not be read and left out." in plain(record.page())
    assert "13 entries could not be read" in plain(scorecard())


# --- saying ---------------------------------------------------------------------------------------


def test_an_empty_record_says_so_and_draws_nothing():
    assert plain(Record.of().page()).startswith("No prediction has been revealed yet.")
    assert "Nothing to draw yet." in plain(Record.of().picture())


def test_a_few_entries_say_how_little_they_show(journal):
    said = plain(Record.of().page())
    assert said.startswith("Your record: 9 intervals and 3 probabilities.")
    assert "7 of 9 intervals held; 90 % were promised." in said
    assert "That fits any hit rate from 45 to 96 %" in said
    assert "cannot tell you from somebody whose intervals are half as wide" in said
    assert (
        "too early to say by how much the widths are off" in said
        and "Too few to take apart" in said
    )
    assert "takes answers as independent" in said


def test_many_entries_rule_things_out():
    rng = np.random.default_rng(0)
    narrow, wide, honest = (synthetic(Forecaster(width=w), 400, rng) for w in (0.41, 2.5, 1.0))
    assert "All of them lie below the promise." in plain(narrow.page())
    assert "All of them lie above the promise." in plain(wide.page())
    assert "it rules out somebody" in plain(honest.page())
    assert narrow.best_factor() == pytest.approx(1 / 0.41, rel=0.15)
    assert wide.best_factor() == pytest.approx(1 / 2.5, rel=0.15)
    assert honest.best_factor() == pytest.approx(1, rel=0.15)
    assert "most of the cost is misses" in plain(narrow.page())
    assert "most of the cost is width" in plain(wide.page())


def test_the_relative_score_is_the_interval_score_over_the_width():
    record = synthetic(NARROW, 50, np.random.default_rng(1))
    width = record.high - record.low
    middle = (record.high + record.low) / 2
    for factor in (0.5, 1.0, 2.0):
        half = factor * width / 2
        scores = interval_scores(middle - half, middle + half, record.truth)
        assert relative_score(record.error, factor) == pytest.approx(np.mean(scores / width))
    best = record.best_factor()
    assert (
        all(
            relative_score(record.error, best) <= relative_score(record.error, best * f) + 1e-9
            for f in (0.9, 1.1)
        )
        or len(record.error) % 10
    )  # an order statistic is a minimiser


def test_changing_the_units_changes_no_word(journal):
    ask("94.zero", 3, 3, 3.0)
    record = Record.of()
    rows = zip(record.key, record.low, record.high, record.truth, strict=True)
    scaled = Record.of_rows([(k, 7 * a, 7 * b, 7 * t) for k, a, b, t in rows], [])
    assert np.allclose(scaled.error, record.error)
    assert len(record.error) == 9  # the interval without width is left out


def test_a_picture_has_words_for_what_it_shows(journal):
    still = Record.of().picture()
    assert "7 of 9 intervals held" in still.sentence and len(still.png) > 10_000
    only = Record.of_rows([], [("01.a", 0.5, True)])
    assert "No interval yet." in only.picture().sentence
    assert "No probability yet." in Record.of_rows([("01.a", 1, 2, 1)], []).picture().sentence


# --- synthetic ------------------------------------------------------------------------------------


def test_a_synthetic_record_says_so_and_touches_no_journal(journal):
    before = journal.entries()
    made = synthetic(NARROW, 30, np.random.default_rng(0))
    for said in (made.page().heading, made.picture().sentence):
        assert said.startswith("A synthetic record (widths × 0.41, bias 0), not yours")
    assert journal.entries() == before and len(Record.of()) == 12


@pytest.mark.parametrize("width", [0.41, 1.0, 2.0])
def test_synthetic_records_have_the_hit_rate_of_their_forecaster(width):
    from rsi_teach.models.calibration import hit_rate

    made = synthetic(Forecaster(width=width), 20_000, np.random.default_rng(0))
    rate = hit_rate(Forecaster(width=width))
    assert abs(made.hit.mean() - rate) < 4 * (rate * (1 - rate) / 20_000) ** 0.5


@pytest.mark.parametrize("n", [0, 2.5, 10**6])
def test_a_wrong_number_of_answers_is_refused(n):
    with pytest.raises(ValueError, match=r"\bn\b"):
        synthetic(WIDE, n, np.random.default_rng(0))


# --- pooling --------------------------------------------------------------------------------------


@pytest.fixture
def a_class(tmp_path):
    """Six files of simulated learners, 20 answers of each kind."""
    rng = np.random.default_rng(0)
    return [
        export_anonymous(synthetic(NARROW, 20, rng), tmp_path / f"{name}.json") for name in "abcdef"
    ]


def believe(journal, key, probability, threshold):
    journal.add("belief", key, {"probability": probability, "threshold": threshold,
                                "stake": "a secret stake", "reversible": "a secret",
                                "reason": "a secret of mine"})  # fmt: skip


def test_an_anonymous_file_holds_numbers_and_answers_only(journal, tmp_path):
    believe(journal, "17.trust", 0.7, 0.95)
    believe(journal, "00.trust", 0.4, 0.9)
    believe(journal, "00.trust", 0.1, 0.1)  # the first stays
    believe(journal, "my own secret belief", 0.5, 0.5)
    journal.add("attempt", "02.1", {"outcome": "holds"})
    ask("my own secret question", 1, 2, 3.0)
    ask("01.answered-last", 1, 2, 3.0)
    path = export_anonymous(Record.of(), tmp_path / "mine.json")
    content = json.loads(path.read_text())
    assert set(content) == {"format", "id", "synthetic", "intervals", "probabilities", "beliefs"}
    assert content["synthetic"] is False and content["format"] == FORMAT
    assert len(content["intervals"]) == 10 and len(content["probabilities"]) == 3
    for row in content["intervals"]:
        assert set(row) == {"key", "low", "high", "truth"}
    for row in content["probabilities"]:
        assert set(row) == {"key", "probability", "truth"}
    assert content["beliefs"] == [
        {"key": "00.trust", "probability": 0.4, "threshold": 0.9},
        {"key": "17.trust", "probability": 0.7, "threshold": 0.95},
    ]
    text = path.read_text()
    for entry in journal.entries():
        assert entry.time not in text and entry.session not in text
    assert "secret" not in text and "How many" not in text and "units" not in text
    keys = [row["key"] for row in content["intervals"]]
    assert keys == sorted(keys) and keys[0] == "01.answered-last"


def test_consent_is_one_sentence_with_the_numbers_in_it(journal):
    believe(journal, "00.trust", 0.4, 0.9)
    said = consent(Record.of())
    assert "9 intervals and 3 probabilities" in said and "1 belief from" in said
    assert re.fullmatch(r"[A-Z][^.!?]+\.", said)


BAD_BELIEFS = [
    {"reason": "no number"},
    {"probability": 0.4},
    {"probability": 1.2, "threshold": 0.5},
    {"probability": 0.4, "threshold": -0.1},
    {"probability": True, "threshold": 0.5},
    {"probability": "0.4", "threshold": 0.5},
    {"unreadable": "{"},
]


@pytest.mark.parametrize("answer", BAD_BELIEFS)
def test_a_damaged_belief_is_counted_and_left_out(journal, answer, tmp_path):
    journal.add("belief", "00.trust", answer)
    assert Record.of().beliefs == () and Record.of().skipped == 1
    assert Record.of(chapter="01.").skipped == 0
    path = export_anonymous(Record.of(), tmp_path / "mine.json")
    assert json.loads(path.read_text())["beliefs"] == []


def test_every_question_of_the_course_may_be_exported():
    folder = Path(__file__).parents[2] / "course"
    source = "".join(path.read_text("utf-8") for path in sorted(folder.glob("*.ipynb")))
    keys = set(re.findall(r'predict\(\\"([^"\\]+)\\"', source))
    assert len(keys) > 50
    assert [key for key in keys if not COURSE_KEY.fullmatch(key)] == []


def test_each_export_has_a_number_of_its_own_and_overwrites_nothing(journal, tmp_path):
    one, other = (export_anonymous(Record.of(), tmp_path / name) for name in ("1", "2"))
    ids = [json.loads(path.read_text())["id"] for path in (one, other)]
    assert ids[0] != ids[1]
    with pytest.raises(FileExistsError, match="exists; choose another name"):
        export_anonymous(Record.of(), one)
    assert json.loads(one.read_text())["id"] == ids[0]


def test_an_export_that_fails_leaves_nothing(journal, tmp_path, monkeypatch):
    from rsi_teach.learn import new_files

    monkeypatch.setattr(new_files.os, "fsync", lambda handle: (_ for _ in ()).throw(OSError(28)))
    folder = tmp_path / "class"
    folder.mkdir()
    with pytest.raises(OSError):
        export_anonymous(Record.of(), folder / "mine.json")
    assert list(folder.iterdir()) == []


def test_a_class_is_pooled_and_says_what_it_is(a_class):
    found = pool(a_class)
    assert (found.journals, found.skipped, found.left_out) == (6, (), 0)
    assert len(found.record.key) == len(found.record.probability_key) == 120
    assert found.record.whose == "A synthetic class: 6 synthetic records, pooled"
    assert "120 intervals" in found.record.page().heading


def test_nothing_in_the_pool_tells_the_files_apart(a_class):
    one, other = pool(a_class).record, pool(reversed(a_class)).record
    for name in ("low", "truth", "probability", "happened"):
        assert np.array_equal(getattr(one, name), getattr(other, name))
    assert one.key == tuple(sorted(one.key))


def test_questions_that_few_answered_are_left_out(a_class):
    content = json.loads(a_class[0].read_text())
    content["intervals"].append({"key": "98.rare", "low": 0, "high": 1, "truth": 2})
    a_class[0].write_text(json.dumps(content))
    found = pool(a_class)
    assert found.left_out == 1 and "98.rare" not in found.record.key


def test_too_few_are_refused_with_the_reason(a_class):
    assert pool(a_class[:FEWEST]).journals == FEWEST
    with pytest.raises(ValueError, match=r"4 usable files, .* traced to a person"):
        pool(a_class[: FEWEST - 1])
    with pytest.raises(ValueError, match="0 usable files"):
        pool([])


def test_duplicates_are_named_and_count_once(a_class, tmp_path):
    again = tmp_path / "x.json"
    again.write_text(a_class[0].read_text())
    renumbered = tmp_path / "y.json"
    content = json.loads(a_class[1].read_text()) | {"id": "0" * 32}
    renumbered.write_text(json.dumps(content))
    grown = tmp_path / "z.json"
    content = json.loads(a_class[2].read_text())
    grown.write_text(json.dumps(content | {"intervals": content["intervals"][1:]}))
    found = pool([*a_class, again, renumbered, grown])
    assert found.journals == 6
    assert found.skipped == (
        "x.json is left out: it is the journal of another file again (a.json is used).",
        "y.json is left out: it is the journal of another file again (b.json is used).",
        "z.json is left out: it is the journal of another file again (c.json is used).",
    )
    with pytest.raises(ValueError, match=r"(?s)4 usable files.*x\.json is left out"):
        pool([*a_class[:4], again])


def test_files_of_the_same_name_and_people_who_answer_alike_are_told_apart(tmp_path):
    for number in range(FEWEST):
        (tmp_path / str(number)).mkdir()
        record = Record.of_rows([("01.a", 0, 1, 2.0)], [("01.b", 0.5, True)])
        export_anonymous(record, tmp_path / str(number) / "record.json")
    found = pool([*tmp_path.glob("*/record.json"), *tmp_path.glob("*/record.json")])
    assert found.journals == FEWEST and found.skipped == ()
    (tmp_path / "0" / "record.json").write_text("torn")
    with pytest.raises(ValueError, match=r"(?s)4 usable files.*0.record\.json is left out"):
        pool(tmp_path.glob("*/record.json"))


def spoiled(content, **changes):
    return json.dumps(content | changes)


def test_damaged_and_foreign_files_are_named_and_left_out(a_class, tmp_path):
    content = json.loads(a_class[0].read_text()) | {"id": "1" * 32}
    row = {"key": "98.a", "low": 1, "high": 2, "truth": 3}
    texts = {
        "torn": (a_class[0].read_text()[:200], "damaged"),
        "list": ("[1, 2]", "not an anonymous record"),
        "foreign": ('{"cells": []}', "not an anonymous record"),
        "deep": ("[" * 100_000, "damaged"),
        "binary": ("\x00\x01", "damaged"),
        "nan": (spoiled(content, intervals=[row | {"low": float("nan")}]), "damaged"),
        "id": (spoiled(content, id="mine"), "random number"),
        "who": (spoiled(content, synthetic="no"), "whether a person"),
        "rows": (spoiled(content, intervals="many"), "rows are damaged"),
        "swapped": (spoiled(content, intervals=[row | {"low": 9}]), "one of its rows"),
        "sort": (spoiled(content, probabilities=[row]), "one of its rows"),
        "words": (spoiled(content, intervals=[row | {"key": "Jo thinks"}]), "one of its rows"),
        "number": (spoiled(content, intervals=[4]), "one of its rows"),
        "huge": (spoiled(content, intervals=[row | {"high": 10**400}]), "one of its rows"),
        "empty": (spoiled(content, intervals=[], probabilities=[]), "holds no answer"),
        "twice": (spoiled(content, intervals=[row, row]), "answers a question twice"),
        "later": (spoiled(content, format="rsi-teach anonymous record, 3"), "of a later version"),
    }
    for name, (text, _) in texts.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    found = pool([*a_class, *(tmp_path / name for name in texts), tmp_path / "bytes",
                  tmp_path / "missing"])  # fmt: skip
    assert found.journals == 6
    said = dict(line.split(" is left out: ") for line in found.skipped)
    assert set(said) == {*texts, "bytes", "missing"}
    for name, (_, reason) in texts.items():
        assert reason in said[name], name
    assert "cannot be opened" in said["missing"] and "damaged" in said["bytes"]


def test_a_file_from_before_beliefs_is_still_read(a_class):
    content = json.loads(a_class[0].read_text()) | {"format": BEFORE_BELIEFS}
    del content["beliefs"]
    a_class[0].write_text(json.dumps(content))
    assert pool(a_class).journals == 6
    content["format"] = FORMAT
    a_class[0].write_text(json.dumps(content))
    assert pool(a_class).skipped == ("a.json is left out: its rows are damaged.",)


def test_beliefs_are_read_and_questioned(a_class):
    content = json.loads(a_class[0].read_text())
    good = {"key": "17.trust", "probability": 0.2, "threshold": 1}
    a_class[0].write_text(json.dumps(content | {"beliefs": [good]}))
    assert [r.beliefs for r in gather(a_class).records].count((("17.trust", 0.2, 1.0),)) == 1
    bad = [*BAD_BELIEFS, {"probability": 0.4, "threshold": 0.5, "key": "05.trust"}]
    for row in bad:
        rows = [{"key": "00.trust"} | row]
        a_class[0].write_text(json.dumps(content | {"beliefs": rows}))
        assert pool(a_class).skipped == ("a.json is left out: one of its rows is damaged.",)
    a_class[0].write_text(json.dumps(content | {"beliefs": [good, good]}))
    assert pool(a_class).skipped == ("a.json is left out: it answers a question twice.",)


def test_whoever_exports_twice_counts_once_with_the_fuller_file(a_class, tmp_path):
    whole = json.loads(a_class[0].read_text())
    half = {"id": "1" * 32, "intervals": whole["intervals"][:6], "probabilities": []}
    (tmp_path / "0-at-half-term.json").write_text(json.dumps(whole | half))
    found = pool([*a_class, tmp_path / "0-at-half-term.json"])
    assert found.journals == 6 and len(found.record) == 240
    assert found.skipped[0].startswith("0-at-half-term.json is left out")
    assert found.skipped[0].endswith("(a.json is used).")


def test_what_is_no_ordinary_file_is_named_and_not_opened(a_class, journal, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(a_class[0])
    (tmp_path / "huge").write_bytes(b"{" + bytes(LARGEST))
    journal.export(tmp_path / "whole")
    names = ["folder", "huge", "link", "whole"]
    found = pool([*a_class, os.devnull, *(tmp_path / name for name in names)])
    said = dict(line.split(" is left out: ") for line in found.skipped)
    assert set(said) == {*names, Path(os.devnull).name} and found.journals == 6
    assert "it is a folder" in said["folder"] and "larger than any" in said["huge"]
    assert "a link" in said["link"] and "a device" in said[Path(os.devnull).name]
    assert "a whole journal" in said["whole"] and "--anonymous" in said["whole"]


def test_people_and_simulated_forecasters_are_not_mixed(journal, a_class, tmp_path):
    mine = export_anonymous(Record.of(), tmp_path / "mine.json")
    with pytest.raises(ValueError, match=r"mix people .* a\.json"):
        pool([*a_class, mine])
