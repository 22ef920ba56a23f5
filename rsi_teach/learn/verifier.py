"""Exercises in which the learner writes the verifier: ``accepts(update) -> bool``.

The answer to such an exercise is a confusion table with costs, not a tick. A verifier holds if,
on updates that nobody tuned it on, it costs less than accepting everything, rejecting everything
and a naive rule. What each kind of update is stays hidden from the learner's function.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np

from rsi_teach.learn.answers import DoesNotHold, Function, Truth
from rsi_teach.learn.checker import Checker
from rsi_teach.learn.faces import Table
from rsi_teach.models.domain import within


class View:
    """An update as the learner's function sees it: its fields, read-only, without the hidden ones.

    Parameters
    ----------
    update : dataclass instance
    hidden : tuple of str
        Fields that cannot be read.
    """

    def __init__(self, update: Any, hidden: tuple[str, ...]) -> None:
        names = [field.name for field in fields(update) if field.name not in hidden]
        values = {name: _read_only(getattr(update, name)) for name in names}
        object.__setattr__(self, "_values", values)

    def __getattr__(self, name: str) -> Any:
        """Return a visible field."""
        values = self.__dict__.get("_values", {})
        if name not in values:
            raise AttributeError(
                f"at the gate an update shows no {name!r}; it shows {', '.join(values)}"
            )
        return values[name]

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuse: an update is judged, not changed."""
        raise AttributeError("an update cannot be changed")

    def __dir__(self) -> list[str]:
        """List the visible fields."""
        return list(self.__dict__["_values"])

    def __repr__(self) -> str:
        """Say that this is one update."""
        return "update"


def _read_only(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        value = value.copy()
        value.flags.writeable = False
    return value


@dataclass(frozen=True, kw_only=True)
class Confusion:
    """What a verifier did with a bank of updates.

    Parameters
    ----------
    accepted, rejected : Counter
        Number of updates of each kind.
    good : frozenset of str
        The kinds that ought to be accepted.
    false_accept, false_reject : float
        Cost of letting a bad update through and of turning a good one away, >= 0.

    Examples
    --------
    >>> seen = Confusion(accepted=Counter(good=3, stamp=1), rejected=Counter(good=1, stamp=4),
    ...                  good=frozenset({"good"}), false_accept=5, false_reject=1)
    >>> seen.cost
    6.0
    """

    accepted: Counter[str]
    rejected: Counter[str]
    good: frozenset[str]
    false_accept: float
    false_reject: float

    def __post_init__(self) -> None:
        """Refuse negative costs."""
        within("false_accept", self.false_accept, 0, open_high=True)
        within("false_reject", self.false_reject, 0, open_high=True)

    @property
    def cost(self) -> float:
        """Sum of the costs of all wrong decisions."""
        wrong_in = sum(n for kind, n in self.accepted.items() if kind not in self.good)
        wrong_out = sum(n for kind, n in self.rejected.items() if kind in self.good)
        return float(self.false_accept * wrong_in + self.false_reject * wrong_out)

    @property
    def slipped(self) -> dict[str, int]:
        """Number of accepted updates of each bad kind, the most frequent first."""
        return {kind: n for kind, n in self.accepted.most_common() if kind not in self.good and n}

    @property
    def turned_away(self) -> int:
        """Number of good updates rejected."""
        return sum(n for kind, n in self.rejected.items() if kind in self.good)

    def size(self, kind: str) -> int:
        """Number of updates of a kind in the bank."""
        return self.accepted[kind] + self.rejected[kind]

    def table(self, caption: str) -> Table:
        """Accepted and rejected of every kind, with what each decision cost."""
        kinds = sorted(
            self.accepted.keys() | self.rejected.keys(), key=lambda k: (k not in self.good, k)
        )
        return Table(
            caption=caption,
            columns=("update", "ought to be", "accepted", "rejected", "cost"),
            rows=tuple(self._row(kind) for kind in kinds),
        )

    def _row(self, kind: str) -> tuple[str, ...]:
        taken, turned = self.accepted[kind], self.rejected[kind]
        ought, cost = ("accepted", self.false_reject * turned)
        if kind not in self.good:
            ought, cost = ("rejected", self.false_accept * taken)
        return kind, ought, str(taken), str(turned), f"{cost:g}"


class VerifierChecker(Checker):
    """An exercise whose answer is a function ``accepts(update) -> bool``.

    Beside the attributes of a `Checker` (all but `asks` and `check`) set: `good` (the kinds that
    ought to be accepted), `false_accept` and `false_reject` (costs, in `unit`), `naive` (words
    for a naive rule, and the rule), and `why` (for each bad kind, one sentence on why it looks
    good, shown when it slips through). Define `practice()` and `held_out()`: sequences of
    dataclass instances with a field ``kind``; what the outcome rests on is the held-out bank.
    """

    good: ClassVar[frozenset[str]] = frozenset({"good"})
    hidden: ClassVar[tuple[str, ...]] = ("kind",)
    false_accept: ClassVar[float]
    false_reject: ClassVar[float]
    unit: ClassVar[str] = "points"
    naive: ClassVar[tuple[str, Callable[[Any], bool]]]
    why: ClassVar[dict[str, str]]

    @classmethod
    def practice(cls) -> Sequence[Any]:
        """Return the updates that the learner may look at, kinds included."""
        raise NotImplementedError

    @classmethod
    def held_out(cls) -> Sequence[Any]:
        """Return the updates that decide."""
        raise NotImplementedError

    @property
    def asks(self) -> Function:  # type: ignore[override]
        """A function of one update that says True or False."""
        return Function(example=(View(self.practice()[0], self.hidden),), returns=Truth())

    def check(self, answer: Callable[[Any], bool]) -> str:
        """Compare the cost on the held-out bank with the three baselines."""
        seen = self.confusion(answer, self.held_out())
        practised = self.confusion(answer, self.practice())
        baselines = self.baselines()
        self.note(seen.table(f"What it did with {len(self.held_out())} held-out updates"))
        self.note(self._slipped(seen))
        self.note(self._costs(seen.cost, practised.cost, baselines))
        cheapest = min(baselines, key=baselines.__getitem__)
        if seen.cost >= baselines[cheapest]:
            raise DoesNotHold(self._no_better(cheapest, baselines[cheapest], seen))
        self.cases = len(self.held_out())
        return f"It costs less than every baseline, on {self.cases} held-out updates."

    def confusion(self, rule: Callable[[Any], bool], bank: Sequence[Any]) -> Confusion:
        """Run a rule on every update of a bank, each without its hidden fields."""
        counts: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
        for update in bank:
            counts[bool(rule(View(update, self.hidden)))][update.kind] += 1
        return Confusion(
            accepted=counts[True],
            rejected=counts[False],
            good=self.good,
            false_accept=self.false_accept,
            false_reject=self.false_reject,
        )

    def baselines(self) -> dict[str, float]:
        """Cost on the held-out bank of what one could do without thinking."""
        words, naive = self.naive
        rules = {
            "Accepting everything": lambda update: True,
            "Rejecting everything": lambda update: False,
            f"The naive rule ({words})": naive,
        }
        return {name: self.confusion(rule, self.held_out()).cost for name, rule in rules.items()}

    def _costs(self, held_out: float, practice: float, baselines: dict[str, float]) -> Table:
        costs = {
            "Your verifier": held_out,
            f"Your verifier on the {len(self.practice())} practice updates": practice,
            **baselines,
        }
        return Table(
            caption=f"Costs: {self.false_accept:g} {self.unit} for a bad update accepted, "
            f"{self.false_reject:g} for a good one rejected",
            columns=("rule", f"cost ({self.unit})"),
            rows=tuple((rule, f"{cost:g}") for rule, cost in costs.items()),
        )

    def _slipped(self, seen: Confusion) -> str:
        if not seen.slipped:
            return "No bad update slipped through."
        kinds = ", ".join(f"{n} of {seen.size(kind)} {kind}" for kind, n in seen.slipped.items())
        return f"Slipped through: {kinds}."

    def _no_better(self, words: str, cost: float, seen: Confusion) -> str:
        """Say which baseline was not beaten, and what most of the cost comes from."""
        text = f"Your verifier costs {seen.cost:g}; {words[0].lower()}{words[1:]} costs {cost:g}. "
        away = seen.turned_away
        worst = max(seen.slipped, key=seen.slipped.__getitem__, default="")
        if worst and self.false_accept * seen.slipped[worst] >= self.false_reject * away:
            return f"{text}Most of it: {worst} updates that were let through. {self.why[worst]}"
        return f"{text}Most of it: {away} good updates turned away."
