"""Chapter 10: how the answers to its four exercises are checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import permutations
from typing import ClassVar

import numpy as np

from rsi_teach.learn.answers import CannotBeChecked
from rsi_teach.learn.checker import (
    Array,
    Checker,
    DoesNotHold,
    Function,
    Instance,
    Table,
)
from rsi_teach.learn.checkers.attribution_entries import (
    Entry,
    all_versions,
    half_fraction,
    moved,
    one_at_a_time,
    taken_out,
)
from rsi_teach.learn.checkers.attribution_runs import CHANGES, bundles
from rsi_teach.models import attribution

TOOL_LIFE = np.array([26, 104 / 3, 119 / 3, 148 / 3, 127 / 3, 113 / 3, 164 / 3, 127 / 3])
"""Means of three runs each, from a textbook's 2^3 (Montgomery 2012, problem 6.1), in hours."""
SIGNS = attribution.model_matrix(
    attribution.full_factorial(3), ["A", "B", "C", "AB", "AC", "BC", "ABC"]
)[:, 1:]


class EffectsFromTable(Checker):
    """10.1: ``effects(scores)``, the seven effects of three changes."""

    key, title, difficulty, minutes = "10.1", "Effects from a table", 1, 10
    asks = Function(example=(TOOL_LIFE,), returns=Array(shape=(7,)))
    hints = (
        "The effect of A is the mean of the four scores with A minus the mean of the four without.",
        "The interaction AB is the mean of the four scores where A and B are both made or both "
        "not, minus the mean of the other four: its column of signs is A's times B's.",
        "`attribution.full_factorial(3)` has the signs of A, B and C in the order of the scores. "
        "Multiply columns for the interactions, and divide each sum of signed scores by 4.",
    )
    not_checked = "designs with other numbers of changes, and scores that are not finite."
    slips_through = "a function that is right as long as no score is above a million."

    def check(self, answer: Callable[..., np.ndarray]) -> str:
        """Compare on the textbook's table, on single effects and on random scores."""
        rng = np.random.default_rng(101)
        tables = {"the textbook's table": TOOL_LIFE}
        tables |= {f"scores that are only {name}": 3.0 + SIGNS[:, i]
                   for i, name in enumerate(("A", "B", "C", "AB", "AC", "BC", "ABC"))}  # fmt: skip
        tables |= {f"random scores {i + 1}": rng.normal(0.8, 0.1, 8) for i in range(4)}
        for at, scores in tables.items():
            self.agree(answer(scores), SIGNS.T @ scores / 4, at, self._mistakes(scores))
        found = dict(zip(("A", "B", "C", "AB", "AC", "BC", "ABC"), SIGNS.T @ TOOL_LIFE / 4,
                         strict=True))  # fmt: skip
        self.note(f"On the textbook's table: B {found['B']:.2f}, C {found['C']:.2f}, "
                  f"AC {found['AC']:.2f} hours, and A alone {found['A']:.2f}.")  # fmt: skip
        return f"It holds on {self.cases} tables of eight scores."

    @staticmethod
    def _mistakes(scores: np.ndarray) -> dict[str, np.ndarray]:
        right = SIGNS.T @ scores / 4
        slow = scores.reshape(2, 2, 2).transpose(2, 1, 0).ravel()
        alone = right.copy()
        alone[:3] = scores[[1, 2, 4]] - scores[0]
        return {
            "These are the coefficients of a regression on -1 and +1. The effect is what the "
            "change does from -1 to +1: twice as much.": right / 2,
            "These are the signed sums. Divide by the number of runs at each level, which is 4.": (
                4 * right
            ),
            "Your order of the runs is another: in standard order A alternates fastest, so the "
            "second score has A alone.": SIGNS.T @ slow / 4,
            "You compared each change alone with the first run. That uses two of the eight scores; "
            "the effect uses all of them.": alone,
            "The signs are turned round: with the change minus without.": -right,
            "Your interactions come in another order: AB, AC, BC, then ABC.": right[
                [0, 1, 3, 2, 4, 5, 6]
            ],
        }

    right = (
        lambda scores: _signs(("A", "B", "C", "AB", "AC", "BC", "ABC")).T @ scores / 4,
        lambda scores: attribution.effects_of(
            attribution.full_factorial(3), scores, attribution.term_names(3, 3)
        ),
    )
    wrong: ClassVar = {
        "coefficients": (lambda scores: SIGNS.T @ scores / 8, "twice as much"),
        "sums": (lambda scores: SIGNS.T @ scores, "Divide by the number"),
        "slowest first": (
            lambda scores: SIGNS.T @ scores.reshape(2, 2, 2).transpose(2, 1, 0).ravel() / 4,
            "A alternates fastest",
        ),
        "alone": (
            lambda scores: np.concatenate(
                [scores[[1, 2, 4]] - scores[0], (SIGNS.T @ scores / 4)[3:]]
            ),
            "two of the eight scores",
        ),
        "turned round": (lambda scores: -SIGNS.T @ scores / 4, "turned round"),
        "another order": (
            lambda scores: (SIGNS.T @ scores / 4)[[0, 1, 3, 2, 4, 5, 6]],
            "in another order",
        ),
    }

    @staticmethod
    def slipping(scores: np.ndarray) -> np.ndarray:
        """Return what `slips_through` describes."""
        return SIGNS.T @ np.minimum(scores, 1e6) / 4


def _signs(terms: Sequence[str]) -> np.ndarray:
    return attribution.model_matrix(attribution.full_factorial(3), terms)[:, 1:]


class Suspects(Checker):
    """10.2: ``suspects(effect, words)``, who else could have done it."""

    key, title, difficulty, minutes = "10.2", "Read an alias table", 2, 12
    asks = Function(example=("A", ["ABC"]), returns=Instance(of=set))
    hints = (
        "Multiply the effect by each word. A letter that stands twice cancels: A times ABC is BC.",
        "Python's sets do that: `set('AB') ^ set('ABCE')` is {'C', 'E'}.",
        "Keep what has one or two letters, in alphabetical order, and add the effect itself.",
    )
    not_checked = "words with a minus sign, and suspects of three and more factors."
    slips_through = "a function that knows no factor beyond H."
    designs: ClassVar = (
        (3, ["C=AB"]),
        (4, ["D=ABC"]),
        (5, ["D=AB", "E=AC"]),
        (5, ["E=ABCD"]),
        (6, ["E=ABC", "F=BCD"]),
        (7, ["D=AB", "E=AC", "F=BC", "G=ABC"]),
    )

    def check(self, answer: Callable[..., set[str]]) -> str:
        """Compare every main effect and every pair of six designs."""
        for factors, generators in self.designs:
            words = list(attribution.defining_relation(factors, generators))
            for effect in attribution.term_names(factors, 2):
                self._compare(set(answer(effect, words)), effect, words)
        return f"It holds for {self.cases} effects of six designs."

    def _compare(self, got: set[str], effect: str, words: list[str]) -> None:
        right = _suspects(effect, words)
        if got == right:
            self.cases += 1
            return
        at = f'suspects("{effect}", {words})'
        all_of_them = {_times(effect, word) for word in words} | {effect}
        mistakes = {
            f"{at}: the effect itself is missing. It is still a suspect.": right - {effect},
            f"{at}: three factors and more are among your suspects. Here only main effects and "
            "pairs are suspected.": all_of_them,
            f"{at}: you used the first word only. Every word of the defining relation gives "
            "another alias.": _suspects(effect, words[:1]),
            f"{at}: letters that stand twice have to cancel, and the letters that are left belong "
            "in alphabetical order.": {"".join(reversed(name)) for name in right},
            f"{at}: a letter of the effect that is not in the word has to stay: the letters that "
            "stand in exactly one of the two.": {
                name for word in words
                if 1 <= len(name := "".join(sorted(set(word) - set(effect)))) <= 2
            } | {effect},
        }  # fmt: skip
        for message, value in mistakes.items():
            if got == value:
                raise DoesNotHold(message)
        raise DoesNotHold(f"{at} should be {sorted(right)}; your answer has {sorted(got)}.")

    right = (
        lambda effect, words: _suspects(effect, words),
        lambda effect, words: (
            {effect} | {name for word in words if len(name := _times(effect, word)) in (1, 2)}
        ),
    )
    wrong: ClassVar = {
        "without itself": (
            lambda effect, words: _suspects(effect, words) - {effect},
            "the effect itself is missing",
        ),
        "all lengths": (
            lambda effect, words: {_times(effect, word) for word in words} | {effect},
            "three factors and more",
        ),
        "one word": (
            lambda effect, words: _suspects(effect, words[:1]),
            "you used the first word only",
        ),
        "difference": (
            lambda effect, words: (
                {
                    name for word in words
                    if 1 <= len(name := "".join(sorted(set(word) - set(effect)))) <= 2
                } | {effect}
            ),
            "has to stay",
        ),
        "nobody": (lambda effect, words: {effect}, "should be ["),
    }  # fmt: skip

    @staticmethod
    def slipping(effect: str, words: list[str]) -> set[str]:
        """Return what `slips_through` describes."""
        return {name for name in _suspects(effect, words) if not set(name) - set("ABCDEFGH")}


def _times(one: str, other: str) -> str:
    return "".join(sorted(set(one) ^ set(other)))


def _suspects(effect: str, words: Iterable[str]) -> set[str]:
    return {name for word in ["", *words] if 1 <= len(name := _times(effect, word)) <= 2}


Value = Callable[[frozenset[str]], float]


def _game(values: Sequence[float]) -> Value:
    """A value function on sets of A, B and C, from eight numbers in standard order."""
    return lambda made: float(values[sum(1 << "ABC".index(change) for change in made)])


class ShapleyOfThree(Checker):
    """10.3: ``shares(value)``, Shapley's shares of three changes."""

    key, title, difficulty, minutes = "10.3", "Shapley for three changes", 2, 12
    asks = Function(example=(_game([0, 1, 0, 1, 0, 1, 2, 3]),), returns=Array(shape=(3,)))
    hints = (
        "There are six orders in which three changes can be made: `itertools.permutations('ABC')`.",
        "In one order, a change gets what the score gains when it is made: "
        "value(made | {change}) - value(made).",
        "Add up over the six orders and divide by 6. The three shares then sum to "
        "value(all) - value(none).",
    )
    not_checked = "more than three changes, for which there are far too many orders to go through."
    slips_through = "shares that are right only while every score is under a thousand."

    def check(self, answer: Callable[..., np.ndarray]) -> str:
        """Compare on the chapter's example, on single dividends and on random values."""
        rng = np.random.default_rng(103)
        games = {"v = x0 + 2 x1 x2": np.array([0, 1, 0, 1, 0, 1, 2, 3.0])}
        games |= {f"only set {i} counts": np.array([(j & i) == i for j in range(8)], float)
                  for i in range(1, 8)}  # fmt: skip
        games |= {f"random values {i + 1}": rng.normal(0.8, 0.1, 8) for i in range(4)}
        for at, values in games.items():
            wanted = attribution.shapley(values)
            self.agree(answer(_game(values)), wanted, at, self._mistakes(values))
        return f"It holds for {self.cases} value functions."

    @staticmethod
    def _mistakes(values: np.ndarray) -> dict[str, np.ndarray]:
        last, first = attribution.leave_one_out(values), attribution.added_first(values)
        total = values[-1] - values[0]
        rescaled = last * total / last.sum() if abs(last.sum()) > 1e-12 else last
        return {
            "You took each change out of the full version. Where two need each other, both get "
            "the whole credit, and the shares sum to more than there is.": last,
            "You made each change alone. What appears only when two come together goes to "
            "nobody.": first,
            "You went through one order only. Who comes first is an accident: take the mean over "
            "all six.": np.diff(values[[0, 1, 3, 7]]),
            "You forgot the score of the version without any change: a share is a gain.": (
                attribution.shapley(values) + values[0] / 3
            ),
            "Your four contributions of a change have the same weight. Over the six orders, "
            "coming first and coming last happen twice each, the two in the middle once "
            "each.": _equal_weights(values),
            "That is leave-one-out, stretched to the right sum. A wrong division does not become "
            "right by adding up.": rescaled,
        }

    right = (
        lambda value: _by_orders(value),
        lambda value: attribution.shapley(_values(value)),
    )
    wrong: ClassVar = {
        "leave one out": (
            lambda value: attribution.leave_one_out(_values(value)),
            "both get the whole credit",
        ),
        "alone": (lambda value: attribution.added_first(_values(value)), "goes to nobody"),
        "one order": (lambda value: np.diff(_values(value)[[0, 1, 3, 7]]), "one order only"),
        "equal weights": (lambda value: _equal_weights(_values(value)), "have the same weight"),
        "stretched": (lambda value: _stretched(_values(value)), "stretched to the right sum"),
        "not a gain": (
            lambda value: attribution.shapley(_values(value)) + value(frozenset()) / 3,
            "a share is a gain",
        ),
    }

    @staticmethod
    def slipping(value: Value) -> np.ndarray:
        """Return what `slips_through` describes."""
        return attribution.shapley(np.minimum(_values(value), 1000))


def _values(value: Value) -> np.ndarray:
    sets = [frozenset(c for i, c in enumerate("ABC") if made >> i & 1) for made in range(8)]
    return np.array([value(each) for each in sets])


def _by_orders(value: Value) -> list[float]:
    share = dict.fromkeys("ABC", 0.0)
    for order in permutations("ABC"):
        for place, change in enumerate(order):
            made = frozenset(order[:place])
            share[change] += (value(made | {change}) - value(made)) / 6
    return list(share.values())


def _equal_weights(values: np.ndarray) -> np.ndarray:
    made = np.arange(8)
    return np.array([np.mean(values[made[made >> i & 1 == 1]] - values[made[made >> i & 1 == 0]])
                     for i in range(3)])  # fmt: skip


def _stretched(values: np.ndarray) -> np.ndarray:
    last = attribution.leave_one_out(values)
    return last * (values[-1] - values[0]) / last.sum()


class Changelog(Checker):
    """10.4: ``blame(entry)``, the change that moved the deployed score most."""

    key, title, difficulty, minutes = "10.4", "A changelog from the machine", 3, 20
    seconds = 30.0
    hints = (
        "An entry has 960 images. One gene at a time needs six versions, so 160 images each; "
        "taking one gene out of the new version also needs six.",
        "In a factorial every image counts for every gene. Five genes have 32 versions, which is "
        "30 images each. Sixteen of them will do: `attribution.fraction(5, ['E=ABCD'])`.",
        "Sum the signed scores of each gene's column. The gene with the largest sum, up or down, "
        "is your answer.",
    )
    not_checked = (
        "bundles in which the leading gene is ahead by less than 2 points or by more than 12, "
        "which were left out. What is called the culprit is Shapley's share, computed from all 32 "
        "versions on all images."
    )
    slips_through = "an answer that never blames replay, which leads in few of the bundles."

    @classmethod
    def practice(cls) -> list[tuple[Entry, str]]:
        """Return entries to try things on, each with the gene that leads."""
        return [(Entry(b, 50_000 + i), b.culprit) for i, b in enumerate(bundles("practice"))]

    @property
    def asks(self) -> Function:  # type: ignore[override]
        """A function of an entry that names one of five genes."""
        entry = Entry(bundles("practice")[0], 50_000)
        return Function(example=(entry,), returns=Instance(of=str))

    def check(self, answer: Callable[[Entry], str]) -> str:
        """Count the right names on entries of other seeds, beside three simple rules."""
        rules = {
            "Always the stamp": lambda entry: "stamp",
            "Always the bandwidth": lambda entry: "bandwidth",
            "One gene at a time, 160 images each": one_at_a_time,
            "One gene taken out, 160 images each": taken_out,
        }
        counted = {words: sum(self._named(rule).values()) for words, rule in rules.items()}
        found = self._named(answer)
        bank = bundles("held_out")
        sizes = Counter(b.culprit for b in bank)
        self.note(Table(
            caption=f"Named rightly, of {len(bank)} entries from other seeds",
            columns=("rule", "right"),
            rows=(("Your answer", str(sum(found.values()))),
                  *((words, str(n)) for words, n in counted.items())),
        ))  # fmt: skip
        parts = (f"{found[g]} of {sizes[g]} where it was {g}" for g in CHANGES if sizes[g])
        self.note(f"Right: {', '.join(parts)}.")
        best = max(counted, key=counted.__getitem__)
        if sum(found.values()) <= counted[best]:
            raise DoesNotHold(
                f"It names {sum(found.values())} of {len(bank)} rightly; the rule “{best}” names "
                f"{counted[best]}. {self._why(sum(found.values()), counted)}"
            )
        self.cases = len(bank)
        return f"It names more culprits than every simple rule, on {self.cases} held-out entries."

    @staticmethod
    def _named(rule: Callable[[Entry], str]) -> Counter[str]:
        right: Counter[str] = Counter()
        for number, bundle in enumerate(bundles("held_out")):
            if (name := rule(Entry(bundle, number))) not in CHANGES:
                raise CannotBeChecked(f'It blames "{name}"; choose one of {", ".join(CHANGES)}.')
            right[bundle.culprit] += name == bundle.culprit
        return right

    @staticmethod
    def _why(right: int, counted: dict[str, int]) -> str:
        if right <= counted["Always the stamp"]:
            return "Naming the same gene every time would do as well: what did the images tell you?"
        return (
            "With one gene at a time, each image says something about one gene only. Let several "
            "genes change at once, in a pattern from which each one's effect can be computed."
        )

    right = (
        lambda entry: half_fraction(entry, 60),
        lambda entry: all_versions(entry),
    )
    wrong: ClassVar = {
        "always the stamp": (lambda entry: "stamp", "Naming the same gene every time"),
        "one at a time": (lambda entry: one_at_a_time(entry), "Let several genes change at once"),
        "taken out": (lambda entry: taken_out(entry), "Let several genes change at once"),
        "what moved furthest": (
            lambda entry: max(CHANGES, key=lambda g: moved(entry, g)),
            "of 160 rightly",
        ),
    }

    @staticmethod
    def slipping(entry: Entry) -> str:
        """Return what `slips_through` describes."""
        return half_fraction(entry, 60, never="replay")
