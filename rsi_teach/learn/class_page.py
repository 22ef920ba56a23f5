"""A class's journals as one page for a projector: it names nobody and needs no network."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rsi_teach.learn import class_numbers as numbers
from rsi_teach.learn import class_pictures as pictures
from rsi_teach.learn.beliefs import QUESTION
from rsi_teach.learn.class_numbers import Beliefs, Conviction, Group, Share, Surprise
from rsi_teach.learn.faces import Table, marked
from rsi_teach.learn.html_page import STYLE, document, made_by, wide
from rsi_teach.learn.new_files import write_new
from rsi_teach.learn.predictions import with_unit
from rsi_teach.learn.questions import chapter_of, questions
from rsi_teach.learn.record_page import PROMISE, counted
from rsi_teach.learn.record_pool import FEWEST, Gathered, gather

PROJECTED = """\
:root { font-size: clamp(17px, 1.1vw + 10px, 32px); }
body { max-width: 62rem; }
figure { overflow: hidden; } figure .wide { text-align: center; }
img { width: min(100%, 128vh); height: auto; background: none; }
li { margin: 0.4rem 0; } li small { font-size: 0.85em; }
@media (max-width: 40rem) { img { width: 34rem; max-width: none; } }
.by-night { display: none; }
@media screen and (prefers-color-scheme: dark) { .by-day { display: none; }
  .by-night { display: inline; } }
@media print { :root { font-size: 10.5pt; } section + section { break-before: page; }
  img { width: 100%; } }
"""
"""Added to the style of every page: letters that the last row can read, pictures that fit."""

MEASURE = (
    "The measure is the mean Brier score, from 0 (best) to 1. An interval counts as the statement "
    "“I am 90 % sure that the truth is inside”: 0.01 if it is, 0.81 if not, 0.09 on average for "
    "honest intervals. Always saying 50 % gives 0.25. Of equal scores the one whose truth lies "
    "further outside comes first, then the earlier question. A single question cannot show whether "
    "a class is calibrated, only that it was surprised."
)
LIMITS = (
    "Ranges are 90 % intervals. Answers of one person go together, and so do answers to one "
    "question: both are allowed for, as if other such people had been asked other such questions. "
    "In simulated classes of 5, 12 and 40 they held the truth in 86 to 100 % of the cases.",
    "The questions were chosen to surprise, and people knew that they were scored. This is no "
    "measure of how well anybody judges at work.",
    "Those who hand a file in are not those who do not, and those who answered twice are not those "
    "who left. Nothing here shows what the course did: there is no class that did not take it.",
    "Journals are pooled from five upwards, and so is every question and every group of "
    "probabilities. If all five were surprised, each of them was: agreement hides nobody. A bar of "
    "one person is somebody; the page does not say who, and a small room should not guess.",
    "Two such pages that differ by one journal show its numbers by subtraction. Make the page "
    "once, when all files are in.",
)


def write_class_page(files: Sequence[Path], path: Path) -> Gathered:
    """Pool the files of a class into one new page, whole or not at all.

    Parameters
    ----------
    files : sequence of Path
    path : Path
        A file that does not exist yet.

    Raises
    ------
    FileExistsError
        When the page is there already; it is left as it is.
    ValueError
        As for `pool`; nothing is written then.
    """
    found = gather(files)
    write_new({path: class_page(found)})
    return found


def class_page(found: Gathered) -> str:
    """Return the page of a class as HTML; no file's name is on it.

    Parameters
    ----------
    found : Gathered
    """
    title = f"What a class knew, and how well: {found.whose}"
    lead = (
        "Predictions that were locked in before their answers, and a belief that was asked for "
        "twice. Nobody is named; every range says how much chance alone leaves open."
    )
    records = found.records
    sections = [
        ("Did it happen as often as stated?", _probabilities(numbers.groups(records))),
        ("Did the intervals hold?", _intervals(numbers.held(records))),
        ("What surprised the class most", _worst(numbers.surprises(records))),
        ("Enough trust? Before and after", _convictions(numbers.conviction(records))),
        ("What this page cannot show", _limits(found)),
    ]  # fmt: skip
    together = [(heading, body.replace(" %", "\u00a0%")) for heading, body in sections]
    return document(title, lead, together, style=STYLE + PROJECTED, made=made_by())


def _paragraph(text: str) -> str:
    return f"<p>{marked(text)}</p>"


def _too_few(what: str) -> str:
    return f"No question asked for {what} has answers from {FEWEST} people: nothing is shown."


def _per_cent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _range(low: float, high: float) -> str:
    return f"{100 * low:.0f} to {100 * high:.0f} %"


# --- predictions ----------------------------------------------------------------------------------


def _probabilities(groups: Sequence[Group]) -> str:
    shown = [group for group in groups if group.happened is not None]
    if not shown:
        few = f"In no group of probabilities are there answers from {FEWEST} people"
        return _paragraph(f"{few}: nothing is shown.")
    off = [group for group in shown if not _fits(group)]
    said = (
        f"In {len(shown) - len(off)} of {counted(len(shown), 'group')} what was stated lies inside "
        "the range that the class fits."
    )
    said += "".join(_amiss(group) for group in off)
    said += (
        " “Worth” is how many independent answers would tell as much: everybody was asked the "
        "same, and a question that surprises one surprises many."
    )
    alt = "Reliability of the class's probabilities. " + " ".join(
        f"Stated {_per_cent(g.stated)}, happened {_per_cent(g.happened.of.share)}, fits "
        f"{_range(g.happened.of.low, g.happened.of.high)}." for g in shown
    )  # fmt: skip
    picture = pictures.figure("Stated and happened", alt, (8.2, 4.6), pictures.reliability(groups))
    return _paragraph(said) + picture + wide(_group_table(groups))


def _fits(group: Group) -> bool:
    return group.happened.of.low <= group.stated <= group.happened.of.high


def _amiss(group: Group) -> str:
    often = "more" if group.happened.of.share > group.stated else "less"
    return f" What was stated at {_per_cent(group.stated)} happened {often} often."


def _group_table(groups: Sequence[Group]) -> Table:
    return Table(
        caption="What was said, and how often it happened",
        columns=("group", "mean stated", "happened", "fits any chance", "answers", "people",
                 "questions", "worth"),
        rows=tuple(_group_row(group) for group in groups),
    )  # fmt: skip


def _group_row(group: Group) -> tuple[str, ...]:
    name, found = _range(group.low, group.high), group.happened
    if found is None:
        few = f"fewer than {FEWEST}"
        return (name, "not shown", "not shown", "not shown", str(group.answers), few, "–", "–")
    return (
        name, _per_cent(group.stated), _per_cent(found.of.share),
        _range(found.of.low, found.of.high), str(found.answers), str(found.people),
        str(found.questions), f"{found.of.worth:.0f}",
    )  # fmt: skip


def _intervals(found: Share | None) -> str:
    if found is None:
        return _paragraph(_too_few("an interval"))
    low, high = found.of.low, found.of.high
    side = "below" if high < PROMISE else "above"
    verdict = (
        "The promise is among them."
        if low <= PROMISE <= high
        else f"All of them lie {side} the promise."
    )
    hits = round(found.of.share * found.answers)
    said = (
        f"{hits} of {found.answers} intervals held the truth, {_per_cent(found.of.share)}; 90 % "
        f"were promised. That fits any rate from {_range(low, high)}. {verdict}"
    )
    table = Table(
        caption="The class's 90 % intervals",
        columns=("stated", "held", "fits any rate", "answers", "people", "questions", "worth"),
        rows=(("90 %", _per_cent(found.of.share), _range(low, high), str(found.answers),
               str(found.people), str(found.questions), f"{found.of.worth:.0f}"),),
    )  # fmt: skip
    return (
        _paragraph(said)
        + pictures.figure("Intervals that hold", said, (8.2, 2.4), pictures.coverage(found))
        + wide(table)
    )


def _worst(found: Sequence[Surprise]) -> str:
    if not found:
        return _paragraph(_too_few("anything"))
    known = questions()
    items = []
    for one in found:
        asked = known.get(one.key)
        words = asked.text if asked else "This version of the course does not hold its words."
        where = f"{one.key}, {chapter_of(one.key)}"
        told = _told(one, asked.unit if asked else "")
        items.append(
            f"<li><strong>{html.escape(words)}</strong><br>{html.escape(told)}<br>"
            f"<small>{html.escape(where)}</small></li>"
        )
    table = Table(
        caption="The same in numbers",
        columns=("question", "Brier score", "answers", "class", "truth"),
        rows=tuple(_row(one, known[one.key].unit if one.key in known else "") for one in found),
    )
    return f"<ol>{''.join(items)}</ol>{_paragraph(MEASURE)}{wide(table)}"


def _told(one: Surprise, unit: str) -> str:
    truth = _truth(one, unit)
    if one.held is not None:
        return f"{one.held} of {counted(one.answers, 'interval')} held it. The answer: {truth}."
    mean = f"{_per_cent(one.stated)} was said on average, by {one.answers} people."
    return f"{mean} The answer: {truth}."


def _row(one: Surprise, unit: str) -> tuple[str, ...]:
    said = f"{_per_cent(one.stated)} stated"
    if one.held is not None:
        said = f"{one.held} of {one.answers} held"
    return one.key, f"{one.brier:.2f}", str(one.answers), said, _truth(one, unit)


def _truth(one: Surprise, unit: str) -> str:
    if one.held is None:
        said = {"yes" if truth else "no" for truth in one.truths}
    else:
        said = {with_unit(truth, unit) for truth in one.truths}
    return said.pop() if len(said) == 1 else "not the same for everybody"


# --- beliefs --------------------------------------------------------------------------------------


def _convictions(found: Conviction) -> str:
    parts = [_paragraph(QUESTION)]
    if found.before is None and found.after is None:
        return parts[0] + _paragraph(f"Fewer than {FEWEST} files hold a belief: nothing is shown.")
    asked = (("At the beginning", found.before), ("At the end", found.after))
    said = " ".join(_believed(when, beliefs) for when, beliefs in asked)
    alt = f"How sure people were that nothing goes badly wrong. {said}"
    parts += [
        _paragraph(said),
        pictures.figure(
            "Beliefs", alt, (8.2, 4.2), pictures.before_and_after(found.before, found.after)
        ),
        wide(_belief_table(asked)),
        _paragraph(
            "“Enough” is whoever was at least as sure as they said one would have to be. Each "
            "chose what was at stake and whether it could be undone, and these choices are not in "
            "the files: two people who disagree here may have answered different questions."
        ),
    ]
    return "".join(parts) + _changed(found)


def _believed(when: str, beliefs: Beliefs | None) -> str:
    if beliefs is None:
        return f"{when}: fewer than {FEWEST} people answered, so nothing is shown."
    return (
        f"{when} {beliefs.enough} of {beliefs.people} said “enough”: they were "
        f"{_per_cent(beliefs.sure)} sure on average, and {_per_cent(beliefs.needed)} was needed."
    )


def _belief_table(asked: Sequence[tuple[str, Beliefs | None]]) -> Table:
    shown = [(when, beliefs) for when, beliefs in asked if beliefs is not None]
    return Table(
        caption="People by how sure they were that nothing goes badly wrong",
        columns=("asked", *(f"{fifth} %" for fifth in pictures.FIFTHS), "people", "mean sure",
                 "mean needed", "“enough”"),
        rows=tuple(
            (when, *map(str, b.counts), str(b.people), _per_cent(b.sure), _per_cent(b.needed),
             str(b.enough))
            for when, b in shown
        ),
    )  # fmt: skip


def _changed(found: Conviction) -> str:
    change = found.change
    if change is None:
        return _paragraph(
            f"Fewer than {FEWEST} people answered both times. The change is not shown: in so small "
            "a group it could be traced to a person."
        )
    said = (
        f"{change.people} people answered both times. They moved by {_points(change.mean)} "
        f"points on average, which fits {_points(change.low)} to {_points(change.high)} (90 % "
        f"interval, people taken as independent). {change.to_enough} went from “not yet” to "
        f"“enough”, {change.to_not_yet} the other way."
    )
    once = (
        f" {counted(found.once, 'answer')} of people who answered only once "
        f"{'is' if found.once == 1 else 'are'} left out above: what so few said could be found by "
        "subtraction."
    )
    table = Table(
        caption="People by how far they moved, in points",
        columns=("moved", *pictures.MOVED),
        rows=(("people", *map(str, change.counts)),),
    )
    picture = pictures.figure("Change of belief", said, (8.2, 3.4), pictures.changes(change))
    return _paragraph(said + (once if found.once else "")) + picture + wide(table)


def _points(change: float) -> str:
    return f"{100 * change:+.0f}".replace("-", "−")


# --- limits ---------------------------------------------------------------------------------------


def _limits(found: Gathered) -> str:
    said = [*LIMITS]
    if found.left_out:
        said.insert(0, f"{counted(found.left_out, 'answer')} to questions that fewer than {FEWEST} "
                    "people answered left out.")  # fmt: skip
    if found.skipped:
        reasons = Counter(one.reason for one in found.skipped)
        listed = "; ".join(f"{count} because {reason}" for reason, count in sorted(reasons.items()))
        said.insert(0, f"{counted(len(found.skipped), 'file')} left out: {listed}.")
    return f"<ul>{''.join(f'<li>{marked(one)}</li>' for one in said)}</ul>"
