"""The chapters of the course, in one table."""

from __future__ import annotations

from dataclasses import dataclass

from rsi_teach.models.domain import within


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """One chapter: its number, the name all its files share, its title and its length.

    Parameters
    ----------
    number : int
        Place in the course, 0 to 17.
    name : str
        The name of the chapter's modules and notebooks.
    title : str
        What the learner reads.
    minutes : int
        Working time without the exercises, at least 1.

    Examples
    --------
    >>> CHAPTERS[1].stem
    '01_progress'
    """

    number: int
    name: str
    title: str
    minutes: int

    def __post_init__(self) -> None:
        """Refuse a number or a length that cannot be."""
        within("number", self.number, 0, 17, integer=True)
        within("minutes", self.minutes, 1, integer=True)

    @property
    def stem(self) -> str:
        """The file name of the chapter's notebooks, without its ending."""
        return f"{self.number:02d}_{self.name}"


CHAPTERS: dict[int, Chapter] = {
    chapter.number: chapter
    for chapter in (
        Chapter(number=0, name="start_here", title="Start here", minutes=45),
        Chapter(number=1, name="progress", title="Two kinds of progress", minutes=60),
        Chapter(number=2, name="loop", title="The loop and its four stages", minutes=60),
        Chapter(number=3, name="steering", title="Steering with a delay", minutes=55),
        Chapter(number=4, name="drift", title="Drift", minutes=60),
        Chapter(number=5, name="goodhart", title="When the measure becomes the target", minutes=60),
        Chapter(number=6, name="overhang", title="Capability overhang", minutes=50),
        Chapter(number=7, name="testing", title="What passing tests tells you", minutes=55),
        Chapter(number=8, name="overfitting", title="The test it learned to pass", minutes=60),
        Chapter(number=9, name="survival", title="Late failures", minutes=55),
        Chapter(number=10, name="attribution", title="Which change did it?", minutes=55),
        Chapter(number=11, name="detection", title="Noticing that something changed", minutes=60),
        Chapter(number=12, name="gates", title="Gates and rubber stamps", minutes=60),
        Chapter(
            number=13,
            name="independence",
            title="Independent checks, shared blind spots",
            minutes=60,
        ),
        Chapter(number=14, name="waiting", title="When may the loop run?", minutes=55),
        Chapter(
            number=15, name="observability", title="Can we know what the steering does?", minutes=60
        ),
        Chapter(
            number=16, name="calibration", title="How well do you know what you know?", minutes=50
        ),
        Chapter(number=17, name="capstone", title="Enough yet?", minutes=90),
    )
}
