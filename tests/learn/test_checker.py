"""The frame that checkers stand in: kinds of answers, outcomes, the time limit, verifiers."""

import math
import signal
import threading
import time
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsi_teach.learn.answers import Watched
from rsi_teach.learn.bounded import TookTooLong, bounded
from rsi_teach.learn.checker import (
    Array,
    CannotBeChecked,
    Checker,
    Choice,
    Choices,
    Function,
    Instance,
    NotAttempted,
    Number,
    Outcome,
    Truth,
)
from rsi_teach.learn.verifier import Confusion, VerifierChecker, View


class Square(Checker):
    """The square of a list of numbers."""

    key, title, difficulty, minutes = "99.1", "Squares", 1, 2
    asks = Function(example=([1.0, 2.0],), returns=Array(shape=(2,)))
    hints = ("Multiply.", "By itself.")
    not_checked = "Longer lists."
    slips_through = "a function for two numbers only."
    right = (lambda values: [x * x for x in values],)
    wrong: ClassVar = {}
    slipping = lambda values: [values[0] ** 2, values[1] ** 2]  # noqa: E731

    def check(self, answer):
        """Compare two lists."""
        for values in ([1.0, 2.0], [3.0, -1.0]):
            self.agree(
                answer(values),
                np.square(values),
                f"{values}",
                {"That is twice.": np.array(values) * 2},
            )


def test_the_four_outcomes():
    def half_done(values):
        if values[0] == 1:
            return [1.0, 4.0]
        raise NotImplementedError

    assert Square.judge(Square.right[0]).outcome is Outcome.HOLDS
    assert Square.judge(Square.right[0]).message == "It holds on 2 cases."
    assert Square.judge(lambda values: values).outcome is Outcome.DOES_NOT_HOLD
    assert "should be" in Square.judge(lambda values: values).message
    assert Square.judge(lambda values: [2 * x for x in values]).message == "That is twice."
    assert Square().slipping([1.0, 2.0]) == [1.0, 4.0]  # a function, not a method
    assert Square.judge(Square.slipping).outcome is Outcome.HOLDS
    assert Square.judge(...).outcome is Outcome.NOT_ATTEMPTED
    assert Square.judge(half_done).outcome is Outcome.CANNOT_BE_CHECKED
    assert "not implemented yet" in Square.judge(half_done).message


def test_a_mistake_of_the_checker_is_not_blamed_on_the_learner():
    class Broken(Square):
        def check(self, answer):
            raise KeyError("ours")

    verdict = Broken.judge(Square.right[0])
    assert verdict.outcome is Outcome.CANNOT_BE_CHECKED
    assert "not yours" in verdict.message


def test_the_learners_line_is_quoted():
    def divides(values):
        nothing = 0
        return values[0] / nothing

    message = Square.judge(divides).message
    assert "ZeroDivisionError" in message
    assert "`return values[0] / nothing`" in message
    assert __file__ not in message


def test_warnings_in_the_learners_code_are_not_errors():
    loud = Square.judge(lambda v: np.square(v) + (np.float64(1) / np.float64(0) < 0))
    assert loud.outcome is Outcome.HOLDS
    verdict = Square.judge(lambda v: np.array([1.0, 2.0]) / 0)
    assert "NaN or infinity" in verdict.message


def test_html_is_escaped():
    verdict = Square.judge("<script>alert(1)</script>")
    assert "<script>" not in verdict.html()
    assert "&lt;script&gt;" in verdict.html()


@pytest.mark.parametrize(
    ("kind", "value", "wanted"),
    [
        (Number(), np.float32(2), 2.0),
        (Number(), np.array([3]), 3.0),
        (Number(infinite=True), math.inf, math.inf),
        (Truth(), np.bool_(True), True),
        (Choice(options=("a", "b")), "b", "b"),
        (Choices(names=("x",), options=("a", "b")), {"x": "a"}, {"x": "a"}),
        (Instance(of=int), 3, 3),
    ],
)
def test_kinds_read_what_they_should(kind, value, wanted):
    assert kind.read(value, "it") == wanted


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        (Number(), math.inf, "finite"),
        (Number(), True, "of type `bool`"),
        (Number(), 1j, "of type `complex`"),
        (Number(low=0, high=1), 2, "between 0 and 1"),
        (Number(), [1, 2], r"shape \(2,\)"),
        (Number(), None, "Is there a `return`"),
        (Array(shape=(3,)), [1, 2], r"shape \(3,\) is asked for"),
        (Array(), [1, math.nan], "NaN"),
        (Truth(), 1, "True or False"),
        (Truth(), None, "Is there a `return`"),
        (Choice(options=("a", "b")), "c", 'one of "a", "b"'),
        (Choices(names=("x", "y"), options=("a",)), {"x": "a"}, "'y'"),
        (Choices(names=("x", "y"), options=("a",)), {"x": "a", "y": ...}, "choose one of"),
        (Choices(names=("x",), options=("a",)), ["x"], "dictionary"),
        (Instance(of=int), "3", "`int` is asked for"),
        (Function(example=()), 3, "a function is asked for"),
    ],
)
def test_kinds_say_what_is_wrong(kind, value, words):
    with pytest.raises(CannotBeChecked, match=words):
        kind.read(value, "it")


def test_choices_untouched_are_not_attempted():
    with pytest.raises(NotAttempted):
        Choices(names=("x",), options=("a",)).read({"x": ...}, "it")


@pytest.mark.parametrize(
    ("arg", "spoil"),
    [
        (np.arange(3.0), lambda a: a.sort(axis=0) or a.fill(1)),
        ([1, [2, 3]], lambda a: a[1].append(4)),
        ({"a": [1]}, lambda a: a["a"].clear()),
        ((np.zeros(2),), lambda a: a[0].fill(1)),
    ],
)
def test_a_changed_argument_is_noticed_and_the_checkers_own_is_safe(arg, spoil):
    before = repr(arg)

    def function(value):
        spoil(value)
        return 1.0

    with pytest.raises(CannotBeChecked, match="changed its input"):
        Watched(function, Number())(arg)
    assert repr(arg) == before


def test_a_random_generator_may_be_used():
    rng = np.random.default_rng(1)
    watched = Watched(lambda r: r.random(), Number())
    assert watched(rng) != watched(rng)


def test_nan_in_an_argument_is_not_a_change():
    assert Watched(lambda a: 1.0, Number())(np.array([np.nan])) == 1.0


def endless():
    while True:
        pass


@pytest.mark.parametrize("in_thread", [False, True])
def test_an_endless_loop_is_stopped_in_any_thread(in_thread):
    caught = []

    def run():
        try:
            bounded(endless, 0.1)
        except TookTooLong as late:
            caught.append(late)

    if in_thread:
        before = threading.active_count()
        worker = threading.Thread(target=run)
        worker.start()
        worker.join()
        assert threading.active_count() == before  # the runaway itself has ended
    else:
        run()
    assert len(caught) == 1


@pytest.mark.parametrize("in_thread", [False, True])
def test_what_the_work_raises_comes_through(in_thread):
    caught = []

    def run():
        with pytest.raises(KeyError):
            bounded(lambda: {}["x"], 5)
        caught.append(bounded(lambda: 7, 5))

    worker = threading.Thread(target=run) if in_thread else None
    if worker:
        worker.start()
        worker.join()
    else:
        run()
    assert caught == [7]


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no interval timers here")
def test_the_callers_own_alarm_survives():
    rung = []
    mine = signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(TookTooLong):
            bounded(endless, 0.05)
        give_up = time.monotonic() + 30
        while not rung and time.monotonic() < give_up:
            time.sleep(0.01)
        assert rung == [1]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, mine)


@pytest.mark.parametrize("seconds", [0, -1, math.nan])
def test_a_limit_must_be_one(seconds):
    with pytest.raises(ValueError, match="seconds"):
        bounded(lambda: 1, seconds)


@dataclass(frozen=True, kw_only=True)
class Update:
    """A toy update."""

    kind: str
    visible: float
    gain: np.ndarray


def bank(seed, n):
    rng = np.random.default_rng(seed)
    kinds = ["good"] * n + ["stamp"] * n + ["replay"] * (n // 4)
    return [
        Update(
            kind=kind,
            visible=0.9 + 0.05 * rng.random() + 0.03 * (kind != "good"),
            gain=np.array([rng.normal(kind == "stamp", 0.3)]),
        )
        for kind in kinds
    ]


class Verify(VerifierChecker):
    """A verifier for toy updates."""

    key, title, difficulty, minutes = "99.2", "Verify", 3, 20
    false_accept, false_reject = 5, 2
    naive = ("accept a score above 0.92", lambda update: update.visible > 0.92)
    why: ClassVar = {"stamp": "The stamp flatters.", "replay": "It has seen the items."}
    hints = ("Look at the gain.",)
    not_checked = "Other banks."
    slips_through = "replays."
    right = (lambda update: bool(update.gain[0] < 0.5 and update.visible < 0.95),)
    wrong: ClassVar = {}

    @classmethod
    def practice(cls):
        """Twenty of each."""
        return bank(0, 20)

    @classmethod
    def held_out(cls):
        """Forty of each."""
        return bank(1, 40)


def test_a_verifier_that_beats_the_baselines_holds_with_its_table():
    verdict = Verify.judge(Verify.right[0])
    assert verdict.outcome is Outcome.HOLDS
    assert verdict.cases == 90
    assert "on 90 held-out updates" in verdict.message
    plain, html = verdict.plain(), verdict.html()
    assert "Slipped through: " in plain and "of 10 replay" in plain
    assert "Your verifier on the 45 practice updates" in plain
    for words in ("<caption>", 'scope="col"', 'scope="row"'):
        assert html.count(words) >= 2


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (lambda update: True, "stamp updates that were let through. The stamp flatters."),
        (lambda update: False, "40 good updates turned away."),
        (Verify.naive[1], "let through"),
    ],
)
def test_a_baseline_does_not_beat_itself(rule, words):
    verdict = Verify.judge(rule)
    assert verdict.outcome is Outcome.DOES_NOT_HOLD
    assert words in verdict.message


def test_the_confusion_table_adds_up():
    seen = Verify().confusion(Verify.right[0], Verify.held_out())
    assert sum(seen.accepted.values()) + sum(seen.rejected.values()) == 90
    by_hand = sum(
        5 * (u.kind != "good") * a + 2 * (u.kind == "good") * (not a)
        for u in Verify.held_out()
        for a in [Verify.right[0](u)]
    )
    assert seen.cost == by_hand
    assert sum(float(row[-1]) for row in seen.table("t").rows) == by_hand


@given(
    taken=st.dictionaries(st.sampled_from(["good", "a", "b"]), st.integers(0, 50)),
    turned=st.dictionaries(st.sampled_from(["good", "a", "b"]), st.integers(0, 50)),
    costs=st.tuples(st.floats(0, 100), st.floats(0, 100)),
)
def test_the_cost_is_never_negative_and_zero_for_no_mistake(taken, turned, costs):
    from collections import Counter

    seen = Confusion(
        accepted=Counter(taken),
        rejected=Counter(turned),
        good=frozenset({"good"}),
        false_accept=costs[0],
        false_reject=costs[1],
    )
    assert seen.cost >= 0
    perfect = not any(v for k, v in taken.items() if k != "good") and not turned.get("good")
    assert seen.cost == 0 or not perfect


def test_a_negative_cost_is_refused():
    from collections import Counter

    with pytest.raises(ValueError, match="false_reject = -1"):
        Confusion(
            accepted=Counter(),
            rejected=Counter(),
            good=frozenset(),
            false_accept=1,
            false_reject=-1,
        )


def test_a_view_hides_and_protects():
    update = bank(0, 1)[0]
    view = View(update, ("kind",))
    assert view.visible == update.visible
    assert "kind" not in dir(view)
    with pytest.raises(AttributeError, match="shows no 'kind'; it shows visible, gain"):
        _ = view.kind
    with pytest.raises(AttributeError, match="cannot be changed"):
        view.visible = 1
    with pytest.raises(ValueError, match="read-only"):
        view.gain[0] = 9
    assert update.gain.flags.writeable
    assert not hasattr(view, "kind")
