"""The safety case: what is claimed of a policy, on what grounds, and what nobody looked at."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rsi_teach.learn.beliefs import ASKED
from rsi_teach.learn.faces import Passage, Table, marked
from rsi_teach.learn.html_page import STYLE, document, made_by, wide
from rsi_teach.learn.journal import Journal, home, open_journal
from rsi_teach.learn.ledger import Claim, claims
from rsi_teach.learn.new_files import write_new
from rsi_teach.learn.record import Record

if TYPE_CHECKING:
    from rsi_teach.explorer.explorer import Still
    from rsi_teach.machine.policy import Played
    from rsi_teach.models.capstone import Policy

TITLE = "Safety case for a self-improving digit reader"
CLAIMED = "What is claimed"
OPEN = "What is not covered"
PREDICTED = "17.harm"
NOT_COVERED = (
    "Scenarios that nobody wrote down. A dozen were run; nothing says that the next is like them.",
    "A proposer that plans. This one mutates blindly and cannot tell that it is watched.",
    "Harm outside of the deployed images, and harm that no accuracy shows.",
    "People: reviewers who tire, evaluators who are leaned on, and whoever sets the budget.",
    "Other prices, another weight of harm, other lengths of run. All three were chosen by us.",
)
"""What a case on this machine leaves open, whatever the policy."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SafetyCase:
    """A policy, what was claimed of it, and everything that the claim rests on.

    Parameters
    ----------
    policy : Policy
    practice : Played
        What it did where it was tuned.
    held_out : Played or None
        What it did where it was not; None before the reveal.
    claims : tuple of Claim
    figures : tuple of Still
        Pictures with the sentence that says what they show.
    not_covered : tuple of str
    journal : Journal
        From which predictions and beliefs are read.
    title : str
    """

    policy: Policy
    practice: Played
    held_out: Played | None
    claims: tuple[Claim, ...]
    figures: tuple[Still, ...]
    not_covered: tuple[str, ...]
    journal: Journal
    title: str = TITLE

    def sections(self) -> list[Passage]:
        """The case from top to bottom, each part under its heading."""
        return [
            self._policy(),
            Passage(heading=CLAIMED, parts=(self._ledger(),)),
            self._evidence(),
            Passage(heading=OPEN, parts=self.not_covered),
            Passage(heading="Prediction against outcome", parts=(predicted(self.journal),)),
            Passage(heading="Calibration across the course", parts=calibration(self.journal)),
            Passage(heading="Enough yet? At the beginning, and now", parts=beliefs(self.journal)),
        ]

    def _ledger(self) -> Table:
        table = claims(*self.claims).table()
        return replace(table, caption="Claims, with their kinds and their grounds")

    def _policy(self) -> Passage:
        from rsi_teach.models.capstone import BUDGET

        bill = {what: cost for what, cost in self.policy.bill.items() if cost}
        rows = tuple((what, f"{cost:g}") for what, cost in bill.items())
        head = ("safeguard", "budget units per generation")
        caption = f"What it costs: {self.policy.cost:g} of {BUDGET:g}"
        table = Table(caption=caption, columns=head, rows=(*rows, ("all", f"{self.policy.cost:g}")))
        return Passage(heading="The policy", parts=(self.policy.words, table))

    def _evidence(self) -> Passage:
        told = "The held-out scenarios have not been revealed."
        parts: list[str | Table] = [played_table("Practice scenarios", self.practice)]
        parts.append(told if self.held_out is None else
                     played_table("Held-out scenarios", self.held_out))  # fmt: skip
        parts.append(
            "Progress is the gain in deployed accuracy over the untouched start version after the "
            "last generation; harm is how far that gain lies below the best already reached, on "
            "average over the generations. Both in points. The runs can be made again: "
            f"{self.practice.origin}"
            f"{'' if self.held_out is None else ' and ' + self.held_out.origin}, "
            f"with rsi_teach {_version()}."
        )
        return Passage(heading="Evidence, and where it came from", parts=tuple(parts))

    def __repr__(self) -> str:
        """The case as text, without the figures."""
        told = [
            f"{CLAIMED}\n{claims(*self.claims)!r}" if s.heading == CLAIMED else s.plain()
            for s in self.sections()
        ]
        return "\n\n".join([self.title, *told])

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        parts = "\n".join(section.html() for section in self.sections())
        face = f"<div><p><strong>{marked(self.title)}</strong></p>{parts}</div>"
        return {"text/plain": repr(self), "text/html": face}

    def page(self) -> str:
        """The case as one HTML page that asks for nothing outside of itself."""
        sections = [
            (s.heading, _body(s, self.figures if _holds_figures(s) else ()))
            for s in self.sections()
        ]
        return document(self.title, self._lead(), sections, style=STYLE, made=_made())

    def markdown(self) -> str:
        """The case as Markdown, figures inside."""
        lines = [f"# {_md(self.title)}", _md(self._lead())]
        for section in self.sections():
            lines.append(f"## {_md(section.heading)}")
            listed = section.heading == OPEN
            lines += [_md_part(part, listed) for part in filter(None, section.parts)]
            if _holds_figures(section):
                lines += [f"![{_md(f.sentence)}]({_data(f)})\n\n{_md(f.sentence)}"
                          for f in self.figures]  # fmt: skip
        return "\n\n".join([*lines, _md(_made())]) + "\n"

    def _lead(self) -> str:
        where = "the scenarios that it was tuned on only"
        if self.held_out is not None:
            where = "scenarios that it was tuned on and others that it was not"
        return (
            f"One policy, on {where}. The machine is a toy of 1,797 handwritten digits: the case "
            "shows how such a page is argued, not that anything larger is safe."
        )

    def save(self, folder: str | Path | None = None) -> tuple[Path, Path]:
        """Write the page and the Markdown, both or neither, and never over anything.

        Parameters
        ----------
        folder : str or Path, optional
            The folder of the journal if None; made if it is not there.

        Returns
        -------
        two Paths
            Of the HTML page and of the Markdown file.
        """
        place = home() if folder is None else Path(folder).expanduser()
        place.mkdir(parents=True, exist_ok=True)
        texts = self.page(), self.markdown()
        number = 1
        while True:
            stem = "safety-case" + (f"-{number}" if number > 1 else "")
            page, markdown = place / f"{stem}.html", place / f"{stem}.md"
            try:
                write_new(dict(zip((page, markdown), texts, strict=True)))
                return page, markdown
            except FileExistsError:
                number += 1


def safety_case(
    policy: Policy,
    practice: Played,
    held_out: Played | None = None,
    *,
    claims: Sequence[Claim] = (),
    figures: Sequence[Still] = (),
    not_covered: Sequence[str] = (),
    journal: Journal | None = None,
) -> SafetyCase:
    """Put together the safety case of a policy; it shows itself, and `save` writes it as a page.

    Parameters
    ----------
    policy : Policy
    practice, held_out : Played
        What `machine.practice` and `machine.held_out` returned; without the second it says so.
    claims : sequence of Claim
        The learner's own; those that follow from the runs are put before them.
    figures : sequence of Still
        Such as ``Frontier().at()``.
    not_covered : sequence of str
        The learner's own; what every case on this machine leaves open is put before them.
    journal : Journal, optional
        The learner's own if None.

    Raises
    ------
    ValueError
        If the runs are another policy's, or `not_covered` is a single text.

    Examples
    --------
    >>> from rsi_teach.machine import practice
    >>> from rsi_teach.models.capstone import Policy
    >>> nothing = Policy(scope="nothing")
    >>> case = safety_case(nothing, practice(nothing, seeds=[0], generations=1))
    >>> [section.heading for section in case.sections()][:2]
    ['The policy', 'What is claimed']
    """
    for name, played in (("practice", practice), ("held_out", held_out)):
        if played is not None and played.policy != policy:
            raise ValueError(
                f"{name} = {played.policy.words!r}: these runs are another policy's. Run "
                f"this case's policy, or make the case of {name}.policy"
            )
    if isinstance(not_covered, str):
        raise ValueError(f"not_covered = {not_covered!r} is a single text: put it into a list")
    return SafetyCase(
        policy=policy, practice=practice, held_out=held_out,
        claims=(*claims_of(practice, held_out), *claims), figures=tuple(figures),
        not_covered=(*NOT_COVERED, *not_covered), journal=journal or open_journal(),
    )  # fmt: skip


HARMFUL = 5.0
"""Harm in points from which a run is counted as harmed."""


def claims_of(practice: Played, held_out: Played | None = None) -> list[Claim]:
    """Write down what follows from the runs, one claim of each kind.

    Parameters
    ----------
    practice : Played
    held_out : Played, optional
    """
    from rsi_teach.models.testing import clopper_pearson

    last = practice if held_out is None else held_out
    harmed, runs = int((last.harm > HARMFUL).sum()), last.harm.size
    upper = float(clopper_pearson(harmed, runs)[1])
    where = "practice" if held_out is None else "held-out"
    said = [_measured("practice", practice)]
    said += [] if held_out is None else [_measured("held-out", held_out)]
    said.append(Claim(
        claim=f"{harmed} of {runs} {where} runs lost more than {HARMFUL:g} points on average. If "
        "these were independent draws from what may come, the share of such runs would be below "
        f"{100 * upper:.0f} %.",
        kind="theorem in the toy model",
        evidence="Clopper-Pearson, upper end of a two-sided 95 % interval (chapter 07)",
        scope="Only under the if, which is false: somebody chose the scenarios.",
        would_change_our_mind="A reason to think the scenarios a fair sample, or a worse one.",
    ))  # fmt: skip
    said.append(Claim(
        claim="Evaluators that were made alike err alike: two language models that both err "
        "agree 60 % of the time.",
        kind="measured, cited",
        evidence="kim2025correlated",
        scope="One leaderboard of multiple-choice questions.",
        would_change_our_mind="Lower agreement between evaluators that judge updates.",
    ))  # fmt: skip
    said.append(Claim(
        claim="That these scenarios stand for those that matter.",
        kind="judgement",
        evidence="whoever signs this page",
        scope="This page.",
        would_change_our_mind="A scenario that somebody else brings and that turns the result.",
    ))  # fmt: skip
    return said


def _measured(where: str, played: Played) -> Claim:
    harm, progress = played.harm, played.progress
    seeds = "one seed" if harm.shape[1] == 1 else f"{harm.shape[1]} seeds"
    return Claim(
        claim=f"On {harm.shape[0]} {where} scenarios with {seeds} each, mean harm is "
        f"{harm.mean():.1f} points (single runs {harm.min():.1f} to {harm.max():.1f}) and mean "
        f"progress {progress.mean():.1f} points ({progress.min():.1f} to {progress.max():.1f}).",
        kind="simulation result",
        evidence=played.origin,
        scope=f"This machine, {played.generations} generations.",
        would_change_our_mind="Other seeds or scenarios that leave this range.",
    )


def played_table(caption: str, played: Played) -> Table:
    """Write the runs of a policy as a table, a row a scenario.

    Parameters
    ----------
    caption : str
    played : Played
    """
    rows = [
        (scenario.name, f"{progress.mean():.1f}", f"{harm.mean():.1f}", f"{harm.max():.1f}")
        for scenario, progress, harm in zip(
            played.scenarios, played.progress, played.harm, strict=True
        )
    ]
    rows.append(("all", f"{played.progress.mean():.1f}", f"{played.harm.mean():.1f}",
                 f"{played.harm.max():.1f}"))  # fmt: skip
    head = ("scenario", "progress, points", "harm, points", "worst run's harm")
    return Table(caption=caption, columns=head, rows=tuple(rows))


def predicted(journal: Journal) -> str:
    """Put the interval that was locked in beside what turned out.

    Parameters
    ----------
    journal : Journal
    """
    asked = journal.entries("prediction", PREDICTED)
    if not asked or "low" not in asked[0].payload:
        return "No prediction was locked in for the harm on held-out scenarios."
    low, high = asked[0].payload["low"], asked[0].payload["high"]
    said = f"Locked in before the reveal: {low:g} to {high:g} points of harm, 90 % sure."
    found = journal.entries("outcome", PREDICTED)
    if not found:
        return f"{said} Not revealed yet."
    truth = found[-1].payload["truth"]
    return f"{said} It was {truth:.1f}: {'inside' if low <= truth <= high else 'outside'}."


def calibration(journal: Journal) -> tuple[str | Table, ...]:
    """Say how the predictions of the whole course came out, as chapter 16 does.

    Parameters
    ----------
    journal : Journal
    """
    page = Record.of(journal).page()
    return (page.heading, *page.parts)


def beliefs(journal: Journal) -> tuple[str, ...]:
    """Repeat what was answered to the course's question in chapter 00 and in this one.

    Parameters
    ----------
    journal : Journal
    """
    from rsi_teach.learn.beliefs import QUESTION, _sentence

    said = [QUESTION]
    for key, when in zip(ASKED, ("At the beginning", "Now"), strict=True):
        found = journal.entries("belief", key)
        try:
            answer = _sentence(found[0].payload) if found else "not recorded."
        except (KeyError, TypeError):
            answer = "recorded, but it cannot be read."
        said.append(f"{when}: {answer}")
    return tuple(said)


def _holds_figures(section: Passage) -> bool:
    return section.heading.startswith("Evidence")


def _body(section: Passage, figures: Sequence[Still]) -> str:
    listed = section.heading == OPEN
    parts = "\n".join(_html_part(part, listed) for part in filter(None, section.parts))
    parts = f"<ul>\n{parts}\n</ul>" if listed else parts
    shown = "\n".join(
        f'<figure><img src="{_data(f)}" alt="{html.escape(f.sentence)}" width="{f.width}">'
        f"<figcaption>{html.escape(f.sentence)}</figcaption></figure>"
        for f in figures
    )
    return f"{parts}\n{shown}"


def _html_part(part: str | Table, listed: bool) -> str:
    if isinstance(part, Table):
        return wide(part)
    return f"<li>{marked(part)}</li>" if listed else f"<p>{marked(part)}</p>"


def _md_part(part: str | Table, listed: bool) -> str:
    if isinstance(part, str):
        return f"- {_md(part)}" if listed else _md(part)
    rows = [part.columns, ("---",) * len(part.columns), *part.rows]
    lines = ["| " + " | ".join(c if c == "---" else _md(c) for c in row) + " |" for row in rows]
    return f"**{_md(part.caption)}**\n\n" + "\n".join(lines)


def _md(text: str) -> str:
    """Escape what Markdown would take for markup, and put it on one line."""
    one = " ".join(html.escape(text, quote=False).split())
    return re.sub(r"([\\`*_\[\]|])", r"\\\1", one)


def _data(figure: Still) -> str:
    return f"data:image/png;base64,{base64.b64encode(figure.png).decode()}"


def _version() -> str:
    from rsi_teach import __version__

    return __version__


def _made() -> str:
    return f"{made_by()} Nothing on this page was sent anywhere."
