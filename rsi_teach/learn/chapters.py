"""The chapters of the course, in one table."""

from __future__ import annotations

from dataclasses import dataclass

from rsi_teach.models.domain import within


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """One chapter: its number, the name all its files share, and its title.

    Parameters
    ----------
    number : int
        Place in the course, 0 to 17.
    name : str
        The name of the chapter's modules and notebooks.
    title : str
        What the learner reads.

    Examples
    --------
    >>> CHAPTERS[1].stem
    '01_progress'
    """

    number: int
    name: str
    title: str

    def __post_init__(self) -> None:
        """Refuse a number that cannot be."""
        within("number", self.number, 0, 17, integer=True)

    @property
    def stem(self) -> str:
        """The file name of the chapter's notebooks, without its ending."""
        return f"{self.number:02d}_{self.name}"


CHAPTERS: dict[int, Chapter] = {
    chapter.number: chapter
    for chapter in (
        Chapter(number=0, name="start_here", title="Start here"),
        Chapter(number=1, name="progress", title="Two kinds of progress"),
        Chapter(number=2, name="loop", title="The loop and its four stages"),
        Chapter(number=3, name="steering", title="Steering with a delay"),
        Chapter(number=4, name="drift", title="Drift"),
        Chapter(number=5, name="goodhart", title="When the measure becomes the target"),
        Chapter(number=6, name="overhang", title="Capability overhang"),
        Chapter(number=7, name="testing", title="What passing tests tells you"),
        Chapter(number=8, name="overfitting", title="The test it learned to pass"),
        Chapter(number=9, name="survival", title="Late failures"),
        Chapter(number=10, name="attribution", title="Which change did it?"),
        Chapter(number=11, name="detection", title="Noticing that something changed"),
        Chapter(number=12, name="gates", title="Gates and rubber stamps"),
        Chapter(number=13, name="independence", title="Independent checks, shared blind spots"),
        Chapter(number=14, name="waiting", title="When may the loop run?"),
        Chapter(number=15, name="observability", title="Can we know what the steering does?"),
        Chapter(number=16, name="calibration", title="How well do you know what you know?"),
        Chapter(number=17, name="capstone", title="Enough yet?"),
    )
}
