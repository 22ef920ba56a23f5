"""Every checker of the course, held to its own right and wrong answers."""

from pathlib import Path

import numpy as np
import pytest

import rsi_teach.learn.checkers
from rsi_teach.learn.chapters import CHAPTERS
from rsi_teach.learn.checker import Choices, Function, Number, Outcome
from rsi_teach.learn.exercises import checkers
from rsi_teach.learn.verifier import VerifierChecker

CHECKERS = [checker for chapter in CHAPTERS.values() for checker in checkers(chapter).values()]
RIGHT = [(c, answer) for c in CHECKERS for answer in c.right]
WRONG = [(c, name) for c in CHECKERS for name in c.wrong]
FUNCTIONS = [c for c in CHECKERS if isinstance(c().asks, Function)]
VALUES = [c for c in CHECKERS if not isinstance(c().asks, Function)]
HTML_ERRORS = ("Traceback", "The checker itself failed")


def named(value):
    return getattr(value, "key", None)


def told(verdict):
    """Both faces of a verdict, after the checks that every verdict must pass."""
    faces = verdict._repr_mimebundle_()
    assert faces["text/plain"].startswith(f"{verdict.heading}\n")
    for face in faces.values():
        assert not any(words in face for words in HTML_ERRORS), face
    return faces["text/plain"]


def test_every_module_of_checkers_belongs_to_a_chapter():
    folder = Path(rsi_teach.learn.checkers.__file__).parent
    names = [chapter.name for chapter in CHAPTERS.values()]
    for module in {path.stem for path in folder.glob("*.py")} - {"__init__"}:
        assert any(module == name or module.startswith(f"{name}_") for name in names), module
    assert len(CHECKERS) >= 4


@pytest.mark.parametrize("checker", CHECKERS, ids=named)
def test_it_says_all_that_a_learner_needs(checker):
    number = int(checker.key[:2])
    assert checker.__module__.endswith(f".{CHAPTERS[number].name}")
    assert checker.title and checker.__doc__
    assert checker.difficulty in (1, 2, 3)
    assert 1 <= checker.minutes <= 45
    assert checker.hints and all(checker.hints)
    assert checker.not_checked.rstrip().endswith(".")
    assert checker.slips_through.rstrip().endswith(".")
    assert len(checker.right) >= 1
    assert len(checker.wrong) >= 3
    messages = [message for _, message in checker.wrong.values()]
    assert all(len(message) >= 10 for message in messages)


@pytest.mark.parametrize(("checker", "answer"), RIGHT, ids=named)
def test_a_right_answer_holds_and_says_what_was_not_checked(checker, answer):
    verdict = checker.judge(answer)
    assert verdict.outcome is Outcome.HOLDS, verdict
    assert verdict.cases >= 1
    text = " ".join(told(verdict).split())
    assert " ".join(checker.not_checked.split()) in text
    assert " ".join(checker.slips_through.split()) in text
    assert str(verdict.cases) in verdict.message


@pytest.mark.parametrize(("checker", "name"), WRONG, ids=str)
def test_a_wrong_answer_gets_its_own_message(checker, name):
    answer, message = checker.wrong[name]
    verdict = checker.judge(answer)
    assert verdict.outcome is Outcome.DOES_NOT_HOLD, verdict
    assert message in verdict.message
    told(verdict)


@pytest.mark.parametrize("checker", CHECKERS, ids=named)
def test_the_wrong_answers_are_told_apart(checker):
    messages = {checker.judge(answer).message for answer, _ in checker.wrong.values()}
    assert len(messages) >= 3


@pytest.mark.parametrize("checker", CHECKERS, ids=named)
def test_what_is_said_to_slip_through_does(checker):
    assert checker.judge(checker.slipping).outcome is Outcome.HOLDS


@pytest.mark.parametrize("checker", CHECKERS, ids=named)
@pytest.mark.parametrize("answer", [..., None, NotImplemented], ids=str)
def test_a_placeholder_is_not_attempted(checker, answer):
    verdict = checker.judge(answer)
    assert verdict.outcome is Outcome.NOT_ATTEMPTED
    told(verdict)


def stub(*args):
    """Raise, as the exercise notebook does."""
    raise NotImplementedError


def empty(*args):
    """Hold nothing."""


@pytest.mark.parametrize("checker", FUNCTIONS, ids=named)
@pytest.mark.parametrize("answer", [stub, empty])
def test_an_untouched_stub_is_not_attempted(checker, answer):
    assert checker.judge(answer).outcome is Outcome.NOT_ATTEMPTED


def raises(*args):
    """Fail on the line named below."""
    return {}["the missing key"]


def endless(*args):
    """Never end, and swallow what would end it."""
    while True:
        try:
            sum(range(1000))
        except BaseException:
            continue


class Strange:
    """Nothing that any exercise asks for."""

    def __repr__(self):
        raise RuntimeError("not even a name")


BROKEN = {
    "raises": (raises, "KeyError"),
    "exits": (lambda *args: exit(), "SystemExit"),
    "recursion": (lambda *args: recursion(*args), "RecursionError"),
    "too many arguments": (lambda a, b, c, d, e, f, g: 1, "could not be called like this"),
    "a number": (3.0, "function is asked for"),
    "returns nothing": (lambda *args: print(end=""), "None"),
    "returns a word": (lambda *args: "word", "word"),
    "returns NaN": (lambda *args: float("nan"), "NaN|asked for"),
    "returns the wrong shape": (lambda *args: np.ones((3, 5, 7)), "shape|asked for"),
    "returns a ragged list": (lambda *args: [[1], [1, 2]], "asked for"),
    "returns something strange": (lambda *args: Strange(), "Strange"),
}


def recursion(*args):
    """Go too deep."""
    return recursion(*args)


@pytest.mark.parametrize("checker", FUNCTIONS, ids=named)
@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_function_is_explained(checker, name):
    answer, words = BROKEN[name]
    verdict = checker.judge(answer)
    assert verdict.outcome is Outcome.CANNOT_BE_CHECKED, verdict
    assert any(word in verdict.message for word in words.split("|")), verdict.message
    told(verdict)


@pytest.mark.parametrize("checker", FUNCTIONS, ids=named)
def test_an_endless_function_is_stopped(checker):
    verdict = checker.judge(endless, seconds=0.3)
    assert verdict.outcome is Outcome.CANNOT_BE_CHECKED
    assert "took longer than 0.3 s" in verdict.message


@pytest.mark.parametrize("checker", FUNCTIONS, ids=named)
def test_a_function_that_spoils_its_input_is_told_so(checker):
    right = checker.right[0]

    def spoils(*args):
        value = right(*args)
        for arg in args:
            if isinstance(arg, np.ndarray):
                arg[...] = 0
            elif isinstance(arg, list | dict):
                arg.clear()
        return value

    arrays = [a for a in checker().asks.example if isinstance(a, np.ndarray | list | dict)]
    verdict = checker.judge(spoils)
    if arrays:
        assert verdict.outcome is Outcome.CANNOT_BE_CHECKED
        assert "changed its input" in verdict.message
    else:
        assert verdict.outcome is Outcome.HOLDS


@pytest.mark.parametrize("checker", VALUES, ids=named)
@pytest.mark.parametrize("answer", ["word", float("nan"), np.ones((3, 5)), {}, stub, Strange()])
def test_a_value_of_the_wrong_sort_is_explained(checker, answer):
    verdict = checker.judge(answer)
    assert verdict.outcome is not Outcome.HOLDS
    assert verdict.outcome is not Outcome.DOES_NOT_HOLD or isinstance(
        checker().asks, Number | Choices
    )
    told(verdict)


@pytest.mark.parametrize(
    "checker", [c for c in CHECKERS if issubclass(c, VerifierChecker)], ids=named
)
def test_a_verifier_sees_no_kind(checker):
    verdict = checker.judge(lambda update: update.kind in checker.good)
    assert verdict.outcome is Outcome.CANNOT_BE_CHECKED
    assert "shows no 'kind'" in verdict.message
