"""Exercises in which one of several claims is wrong, and the learner says which and why."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from rsi_teach.learn.answers import Choices, DoesNotHold, Function
from rsi_teach.learn.checker import Checker


class PlantedFlawChecker(Checker):
    """An exercise whose answer is a function that returns the wrong claim and the reason.

    Beside key, title, difficulty, minutes and hints, give `claims` (by letter), `reasons`,
    `question` (what to ask of the wrong claim), `salt` and `seal`, the salted hash of the answer:
    it stands nowhere in plain words. Right and wrong answers follow from these.
    """

    claims: ClassVar[dict[str, str]]
    reasons: ClassVar[tuple[str, ...]]
    question: ClassVar[str]
    salt: ClassVar[str]
    seal: ClassVar[str]
    slips_through = "that guess."

    def __init_subclass__(cls) -> None:
        """Make what is asked for, and the answers that the tests try, from claims and reasons."""
        options = (*cls.claims, *cls.reasons)
        cls.asks = Function(example=(), returns=Choices(names=("claim", "reason"), options=options))
        cls.not_checked = (
            f"how you found it. With {len(cls.claims)} claims and {len(cls.reasons)} reasons a "
            f"guess is right once in {len(cls.claims) * len(cls.reasons)}."
        )
        cls.slipping = cls.opened
        cls.right = (cls.opened,)
        cls.wrong = cls._wrong()

    @classmethod
    def sealed(cls, claim: str, reason: str) -> str:
        """Salted hash of an answer."""
        return hashlib.sha256(f"{cls.salt}|{claim}|{reason}".encode()).hexdigest()

    @classmethod
    def opened(cls) -> dict[str, str]:
        """Find the answer by trying them all, so that no line of code gives it away."""
        return next(
            {"claim": claim, "reason": reason}
            for claim in cls.claims
            for reason in cls.reasons
            if cls.sealed(claim, reason) == cls.seal
        )

    def check(self, answer: Callable[[], dict[str, str]]) -> str:
        """Compare salted hashes."""
        found = answer()
        claim, reason = found["claim"], found["reason"]
        if claim not in self.claims or reason not in self.reasons:
            letters = list(self.claims)
            raise DoesNotHold(
                f'Under "claim" belongs a letter from {letters[0]} to {letters[-1]}, under '
                '"reason" one of the reasons.'
            )
        self.expect(
            any(self.sealed(claim, other) == self.seal for other in self.reasons),
            f"Claim {claim} is true. Check it with a line of code, and the others too.",
        )
        self.expect(
            self.sealed(claim, reason) == self.seal,
            f"That is the claim. But the reason is another: {self.question}",
        )
        return f"Found: the claim and what is wrong with it, {self.cases} of 2."

    @classmethod
    def _wrong(cls) -> dict[str, tuple[Callable[[], dict[str, str]], str]]:
        def other(name: str, items: Sequence[str], steps: int) -> Callable[[], dict[str, Any]]:
            def answer() -> dict[str, Any]:
                place = items.index(cls.opened()[name]) + steps
                return {**cls.opened(), name: items[place % len(items)]}

            return answer

        letters = tuple(cls.claims)
        return {
            "another claim": (other("claim", letters, 1), "is true. Check it"),
            "a third claim": (other("claim", letters, 2), "is true. Check it"),
            "another reason": (other("reason", cls.reasons, 1), "the reason is another"),
            "exchanged": (
                lambda: {"claim": cls.opened()["reason"], "reason": cls.opened()["claim"]},
                "belongs a letter",
            ),
        }
