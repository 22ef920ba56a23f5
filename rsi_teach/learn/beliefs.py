"""Is there enough trust yet? Asked at the beginning and at the end; there is no right answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rsi_teach.learn.faces import Passage
from rsi_teach.learn.form import Form, number_field, number_in
from rsi_teach.learn.journal import Journal
from rsi_teach.models.domain import within

QUESTION = (
    "A lab wants to let an AI system improve its own successors, each one deployed as soon as it "
    "passes the lab's checks, with people watching but no longer in every step. "
    "Is there enough trust yet?"
)
ASKED = ("00.trust", "17.trust")
"""Under which keys it is asked at the beginning, and at the end."""
STAKES = (
    "one team's own work",
    "a product that many people use",
    "infrastructure that people depend on",
    "more than anyone could pay for",
)
REVERSIBILITY = (
    "undone within a day",
    "undone within months, at a cost",
    "cannot be undone",
)


def belief(
    key: str,
    *,
    question: str = QUESTION,
    stakes: tuple[str, ...] = STAKES,
    reversibility: tuple[str, ...] = REVERSIBILITY,
    journal: Journal | None = None,
) -> Belief:
    """Ask what the learner believes, for a threshold, a stake and a reversibility they name.

    Without fields, ``belief(...).lock(...)`` does the same. Once it is locked in, beliefs locked
    in earlier under other keys are shown beside it.

    Parameters
    ----------
    key : str
        One for each time it is asked, such as ``"00.trust"`` and ``"17.trust"``.
    question : str
    stakes, reversibility : tuple of str
        What there is to choose from.
    journal : Journal, optional
        The learner's own if None.

    Examples
    --------
    >>> belief("99.trust", question="Enough trust yet?")
    Enough trust yet?
    """
    return Belief(key, question, stakes=stakes, reversibility=reversibility, journal=journal)


class Belief(Form):
    """A belief, how sure one would have to be, and what is at stake.

    Parameters
    ----------
    key, question, stakes, reversibility, journal
        As in `belief`.
    """

    kind = "belief"
    button = "Record it"

    def __init__(
        self,
        key: str,
        question: str,
        *,
        stakes: tuple[str, ...] = STAKES,
        reversibility: tuple[str, ...] = REVERSIBILITY,
        journal: Journal | None = None,
    ) -> None:
        super().__init__(key, question, journal)
        self.stakes = stakes
        self.reversibility = reversibility

    def lock(
        self, *, probability: float, threshold: float, stake: str, reversible: str, reason: str
    ) -> Passage:
        """Record a belief without the fields.

        Parameters
        ----------
        probability : float
            That nothing goes badly wrong, in [0, 1].
        threshold : float
            The least probability at which one would say yes, in [0, 1].
        stake, reversible : str
            One of the choices.
        reason : str
            Not empty.

        Raises
        ------
        ValueError
            When something is missing or out of range; nothing is stored then.
        """
        answer = self.checked(
            probability=probability,
            threshold=threshold,
            stake=stake,
            reversible=reversible,
            reason=reason,
        )
        return Passage(heading=self.keep(answer))

    def checked(self, **answer: Any) -> dict[str, Any]:
        """Return what is stored, or raise ``ValueError`` in plain words."""
        within("probability", answer["probability"], 0, 1)
        within("threshold", answer["threshold"], 0, 1)
        if answer["stake"] not in self.stakes:
            raise ValueError(f"stake = {answer['stake']!r}: choose what is at stake.")
        if answer["reversible"] not in self.reversibility:
            raise ValueError(f"reversible = {answer['reversible']!r}: choose if it can be undone.")
        if not answer["reason"].strip():
            raise ValueError("reason = '' is empty: give one, it is what will be discussed.")
        return answer

    def fields(self) -> Sequence[Any]:
        """Make two numbers, two choices and a text."""
        import ipywidgets

        wide = {"style": {"description_width": "initial"}, "layout": {"width": "auto"}}
        choices = {"what is at stake": self.stakes, "can it be undone": self.reversibility}
        return [
            number_field("probability that nothing goes badly wrong [%]"),
            number_field("I would say yes from [%]"),
            *(
                ipywidgets.Dropdown(
                    description=label,
                    options=[("choose", ""), *zip(words, words, strict=True)],
                    **wide,
                )
                for label, words in choices.items()
            ),
            ipywidgets.Textarea(
                description="because",
                placeholder="what your answer rests on",
                continuous_update=False,  # as in `number_field`
                layout={"width": "100%"},
                style=wide["style"],
            ),
        ]

    def read(self, fields: Sequence[Any]) -> dict[str, Any]:
        """Return what the five fields say."""
        probability, threshold = (number_in(field.value.replace("%", "")) for field in fields[:2])
        return self.checked(
            probability=probability / 100,
            threshold=threshold / 100,
            stake=fields[2].value,
            reversible=fields[3].value,
            reason=fields[4].value,
        )

    def told(self, answer: dict[str, Any]) -> str:
        """Repeat this belief and those recorded earlier under other keys."""
        said = [_sentence(answer)]
        for entry in self.journal.entries(self.kind):
            if entry.key == self.key:
                break  # what follows was said later
            said.append(f"On {entry.time[:10]} you said: {_sentence(entry.payload)}")
        return "\n".join(said)


def _sentence(answer: dict[str, Any]) -> str:
    yes = answer["probability"] >= answer["threshold"]
    return (
        f"{'enough' if yes else 'not yet'}: {100 * answer['probability']:.3g} % sure that nothing "
        f"goes badly wrong, {100 * answer['threshold']:.3g} % needed, with {answer['stake']} at "
        f"stake, {answer['reversible']}. Because: {answer['reason']}"
    )
