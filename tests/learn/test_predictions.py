"""Predict, reveal and believe: in fields, in words, and in their saved faces."""

import math

import ipywidgets
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsi_teach.explorer.faces import VIEW
from rsi_teach.learn import belief, brier, interval_score, predict, reveal
from rsi_teach.learn.beliefs import REVERSIBILITY, STAKES
from rsi_teach.learn.journal import Journal, open_journal
from rsi_teach.learn.predictions import significant, with_unit


def parts(form):
    """The fields, the button and the line under them."""
    row, button, status, _ = form.widget().children
    return row.children, button, status


def ask(key="01.k", **more):
    return predict(key, "How many months?", **{"unit": "months", **more})


def ask_yes(key="01.p"):
    return predict(key, "Will it?", kind="probability")


def test_fields_have_labels_and_are_empty():
    for form, count in ((ask(), 2), (ask_yes(), 1), (belief("00.trust"), 5)):
        fields, button, status = parts(form)
        assert len(fields) == count
        assert all(field.description for field in fields)
        assert all(not field.value for field in fields)
        assert not any(getattr(field, "continuous_update", False) for field in fields)
        assert button.description
        assert status.value == ""
    assert "[months]" in parts(ask())[0][0].description
    assert "[%]" in parts(ask_yes())[0][0].description


def test_locking_by_button_stores_says_and_disables_the_fields():
    form = ask()
    (low, high), button, status = parts(form)
    low.value, high.value = "2", " 5e0 "
    button.click()
    assert open_journal().entries("prediction", "01.k")[0].payload == {
        "question": "How many months?",
        "unit": "months",
        "low": 2.0,
        "high": 5.0,
    }
    assert "Locked in: 2 to 5 months." in status.value
    assert 'aria-live="polite"' in status.value
    assert low.disabled and high.disabled
    # It has the keyboard, and would lose it: it stays, and says the same again.
    assert not button.disabled and button.description == "Locked in"
    button.click()
    assert "Locked in earlier: 2 to 5 months. It stays." in status.value
    assert len(open_journal().entries()) == 1


def test_a_probability_is_in_per_cent():
    form = ask_yes()
    (field,), button, status = parts(form)
    field.value = "70 %"
    button.click()
    assert open_journal().entries("prediction")[0].payload["probability"] == 0.7
    assert "70 %" in status.value


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        ("", "5", "A field is empty"),
        ("5", "2", "above the high end"),
        ("nan", "2", "both of them numbers"),
        ("1", "inf", "both of them numbers"),
        ("-1", "5", "between 0 and 100 months"),
        ("1", "101", "between 0 and 100 months"),
        ("many", "5", "is not a number. Write it like 0.5"),
        ("<b>", "5", "&lt;b&gt;"),
    ],
)
def test_a_bad_interval_is_said_and_not_stored(low, high, words):
    (first, second), button, status = parts(ask(within=(0, 100)))
    first.value, second.value = low, high
    button.click()
    assert words in status.value
    assert 'role="alert"' in status.value and "aria-live" in status.value
    assert open_journal().entries() == []
    assert not button.disabled
    first.value, second.value = "1", "2"
    button.click()
    assert len(open_journal().entries()) == 1


@pytest.mark.parametrize("text", ["", "101", "-1", "nan", "half"])
def test_a_bad_probability_is_said_and_not_stored(text):
    (field,), button, status = parts(ask_yes())
    field.value = text
    button.click()
    assert 'role="alert"' in status.value
    assert open_journal().entries() == []


@pytest.mark.parametrize("values", [(), (1,), (1, 2, 3), (2, 1), (math.nan, 1), (0, math.inf)])
def test_a_bad_interval_in_code_is_an_error(values):
    with pytest.raises(ValueError):
        ask().lock(*values)
    assert open_journal().entries() == []


@pytest.mark.parametrize("values", [(), (1.1,), (-0.1,), (math.nan,), (0.1, 0.2)])
def test_a_bad_probability_in_code_is_an_error(values):
    with pytest.raises(ValueError):
        ask_yes().lock(*values)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"kind": "guess"}, "kind = 'guess'"),
        ({"within": (2, 1)}, r"within = \(2, 1\)"),
        ({"within": (math.nan, 1)}, "within"),
    ],
)
def test_a_bad_question_is_an_error(arguments, words):
    with pytest.raises(ValueError, match=words):
        predict("k", "q?", **arguments)
    with pytest.raises(ValueError, match="neither may be empty"):
        predict("", "q?")
    with pytest.raises(TypeError):
        predict("k", "q?", units="months")


def test_what_is_locked_stays():
    assert "Locked in: 2 to 5 months." in repr(ask().lock(2, 5))
    again = ask()
    assert "Locked in earlier: 2 to 5 months. It stays." in repr(again.lock(3, 4))
    (low, high), button, status = parts(again)
    assert low.disabled and high.disabled and button.disabled
    assert "2 to 5 months. It stays." in status.value
    assert "It stays." in repr(again)
    open_journal().forget()
    assert "Locked in: 3 to 4 months." in repr(ask().lock(3, 4))


def test_a_second_notebook_that_locked_first_wins():
    first, second = ask(), ask()
    (low, high), button, status = parts(second)
    first.lock(1, 2)
    low.value, high.value = "8", "9"
    button.click()
    assert "Locked in earlier: 1 to 2 months." in status.value
    assert low.disabled and high.disabled


@pytest.fixture
def displayed(monkeypatch):
    """Everything that is displayed, as mime bundles."""
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    return shown


def test_the_question_is_an_output_of_its_own(displayed):
    form = ask()
    form._ipython_display_()
    still, live = displayed
    assert still == {"text/plain": "How many months?", "text/html": "<div>How many months?</div>"}
    assert set(live) == {VIEW, "text/plain"} and live[VIEW]["model_id"] == form.widget().model_id


def test_without_widgets_there_are_still_words(monkeypatch, displayed):
    def missing(**_):
        raise ImportError("ipywidgets")

    monkeypatch.setattr(ipywidgets, "Button", missing)
    ask()._ipython_display_()
    assert [set(faces) for faces in displayed] == [{"text/plain", "text/html"}]


def test_html_in_a_question_is_escaped(displayed):
    predict("k", "Is `a < b`?")._ipython_display_()
    assert "<code>a &lt; b</code>" in displayed[0]["text/html"]


def test_a_hit_is_revealed_and_recorded_once():
    ask().lock(2, 5)
    shown = reveal("01.k", 4.9207)
    again = reveal("01.k", 4.9207)
    assert repr(shown) == repr(again)
    assert "The answer: 4.92 months." in repr(shown)
    assert "contains it. Interval score 3, its width." in repr(shown)
    faces = shown._repr_mimebundle_()
    assert "<details>" not in faces["text/html"]
    assert "4.92 months" in faces["text/html"]
    (outcome,) = open_journal().entries("outcome", "01.k")
    assert outcome.payload["hit"] is True
    assert outcome.payload["score"] == 3
    assert outcome.payload["truth"] == 4.9207
    reveal("01.k", 6.0)
    assert len(open_journal().entries("outcome")) == 2


def test_a_miss_is_revealed_in_words():
    ask().lock(2, 5)
    text = " ".join(repr(reveal("01.k", np.float64(6.0))).split())
    assert "misses it. Interval score 23: the width, 3, and 20 times the miss, 1." in text
    assert open_journal().entries("outcome")[0].payload["hit"] is False


@pytest.mark.parametrize(("truth", "score", "word"), [(True, 0.09, "yes."), (False, 0.49, "no.")])
def test_a_probability_is_revealed(truth, score, word):
    ask_yes().lock(0.7)
    text = repr(reveal("01.p", np.bool_(truth)))
    assert f"The answer: {word}" in text
    assert f"Brier score {score}" in text
    assert open_journal().entries("outcome")[0].payload["score"] == pytest.approx(score)


def test_nothing_locked_folds_the_answer_away():
    ask()
    shown = reveal("01.k", 4.9207)
    assert "The answer: 4.92 months." in repr(shown)
    assert "No prediction recorded." in repr(shown)
    html = shown._repr_mimebundle_()["text/html"]
    assert html.startswith("<details><summary>Reveal the answer</summary>")
    assert html.endswith("</details>")
    assert "4.92 months" in html
    assert open_journal().entries() == []


def test_reveal_works_in_a_new_kernel():
    ask().lock(2, 5)
    from rsi_teach.learn import predictions

    predictions._asked.clear()
    assert "4 months" in repr(reveal("01.k", 4))
    assert "The answer: 7." in repr(reveal("never.asked", 7))


def test_reveal_with_words_of_its_own():
    ask()
    assert "The answer: about five months" in repr(reveal("01.k", 5, text="about five months"))


@pytest.mark.parametrize("truth", [math.nan, math.inf, True, "five", None])
def test_a_truth_that_is_none_is_an_error(truth):
    ask()
    with pytest.raises(ValueError, match="truth"):
        reveal("01.k", truth)


def test_a_number_is_no_truth_for_a_probability():
    ask_yes()
    with pytest.raises(ValueError, match="True or False"):
        reveal("01.p", 0.7)


def test_a_chapter_runs_without_a_disk(tmp_path):
    (tmp_path / "file").write_text("in the way")
    said = []
    journal = Journal(tmp_path / "file" / "j.sqlite3", say=said.append)
    (low, high), button, status = parts(ask(journal=journal))
    low.value, high.value = "2", "5"
    button.click()
    assert "Locked in: 2 to 5 months." in status.value
    assert "kept in memory" in status.value  # a printed line would go unseen behind a button
    assert "contains it" in repr(reveal("01.k", 3))
    assert len(said) == 1


@given(
    ends=st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)).map(sorted),
    truth=st.floats(-1e6, 1e6),
    alpha=st.floats(0.01, 0.99),
)
def test_the_interval_score_is_the_width_plus_the_miss(ends, truth, alpha):
    low, high = ends
    score = interval_score(low, high, truth, alpha)
    assert math.isfinite(score)
    assert score >= high - low
    miss = max(low - truth, truth - high, 0)
    assert score == pytest.approx(high - low + 2 / alpha * miss)
    assert score == high - low or not low <= truth <= high
    assert interval_score(-high, -low, -truth, alpha) == score


@given(st.floats(0, 1), st.booleans())
def test_the_brier_score_is_between_0_and_1_and_symmetric(probability, happened):
    score = brier(probability, happened)
    assert 0 <= score <= 1
    assert score == pytest.approx(brier(1 - probability, not happened), abs=1e-12)
    assert brier(float(happened), happened) == 0


def test_the_interval_score_rewards_the_true_quantiles():
    truth = np.random.default_rng(5).standard_normal(4000)

    def scores(half_width):
        return np.array([interval_score(-half_width, half_width, t) for t in truth])

    best = scores(1.6449)
    for other in (0.8, 1.2, 2.2, 3.0):
        worse = scores(other) - best  # paired: the same truths
        assert worse.mean() > 3 * worse.std() / math.sqrt(len(truth))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: interval_score(2, 1, 0), "high = 1"),
        (lambda: interval_score(math.nan, 1, 0), "low"),
        (lambda: interval_score(0, 1, math.inf), "truth"),
        (lambda: interval_score(0, 1, 0, alpha=1), "alpha = 1"),
        (lambda: brier(1.5, True), "probability = 1.5"),
        (lambda: brier(0.5, 2), "happened = 2"),
    ],
)
def test_scores_refuse_what_makes_no_sense(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@given(st.floats(-1e12, 1e12))
def test_three_significant_digits_are_kept(value):
    read = float(significant(value).replace(",", ""))
    assert read == pytest.approx(value, rel=0.0051)


def test_units_are_written_behind():
    assert with_unit(1234.5, "days") == "1,230 days"
    assert with_unit(-0.00123456, None) == "-0.00123"
    assert significant(0) == "0"
    assert significant(100.0) == "100"


ANSWER = {
    "probability": 0.6,
    "threshold": 0.9,
    "stake": STAKES[1],
    "reversible": REVERSIBILITY[0],
    "reason": "too little is measured",
}


def test_a_belief_is_stored_and_repeated():
    fields, button, status = parts(belief("00.trust"))
    fields[0].value, fields[1].value = "60", "90 %"
    fields[2].value, fields[3].value = STAKES[1], REVERSIBILITY[0]
    fields[4].value = "too little is measured"
    button.click()
    (entry,) = open_journal().entries("belief")
    assert entry.payload == ANSWER
    assert "not yet: 60 % sure" in status.value
    assert "90 % needed" in status.value
    assert all(field.disabled for field in fields)


def test_the_second_belief_shows_the_first_but_only_once_it_is_given():
    belief("00.trust").lock(**ANSWER)
    later = belief("17.trust")
    assert "too little" not in repr(later)
    text = repr(later.lock(**ANSWER | {"probability": 0.95, "reason": "I looked"}))
    assert "enough: 95 % sure" in text
    assert "you said: not yet: 60 % sure" in text
    assert "too little is measured" in " ".join(text.split())
    assert "I looked" not in repr(belief("00.trust"))


def test_a_belief_stays_as_it_was_given():
    belief("00.trust").lock(**ANSWER)
    again = belief("00.trust")
    assert "Locked in earlier: not yet" in repr(again.lock(**ANSWER | {"probability": 1.0}))
    assert [entry.payload for entry in open_journal().entries("belief")] == [ANSWER]
    assert parts(again)[1].disabled


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("probability", 1.1),
        ("threshold", math.nan),
        ("stake", None),
        ("reversible", "perhaps"),
        ("reason", "  "),
    ],
)
def test_half_a_belief_is_refused(part, value):
    with pytest.raises(ValueError, match=part):
        belief("00.trust").lock(**ANSWER | {part: value})
    assert open_journal().entries() == []


def test_an_empty_belief_form_says_what_is_missing():
    fields, button, status = parts(belief("00.trust"))
    button.click()
    assert 'role="alert"' in status.value
    fields[0].value = fields[1].value = "50"
    button.click()
    assert "choose what is at stake" in status.value
    assert open_journal().entries() == []
