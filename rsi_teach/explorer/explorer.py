"""The explorer: one value from which come a live view, a still picture, a sentence and tests."""

from __future__ import annotations

import base64
import html
import inspect
import io
import math
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from rsi_teach.explorer.controls import Choice, Slider, Toggle
from rsi_teach.explorer.faces import display_both
from rsi_teach.explorer.palette import LOOK

Control = Slider | Choice | Toggle
DPI = 100


class Picture:
    """A picture that moves: drawn once, its artists set again and again.

    A subclass gives two methods: `draw(figure)` draws everything once and keeps on `self` the
    artists that will move (whatever it keeps is redrawn at each move; axes are not), and `update`
    sets those artists' data and returns the sentence that says what is seen.
    """

    size: ClassVar[tuple[float, float]] = (8.2, 3.5)
    """Width and height of the picture in inches."""
    controls: ClassVar[dict[str, Control]] = {}

    def draw(self, figure: Any) -> None:
        """Draw axes, labels and the first state; keep on `self` the artists that will move."""
        raise NotImplementedError

    def update(self) -> str:
        """Set the moving artists' data and return the sentence."""
        raise NotImplementedError

    def say(self, **values: Any) -> str:
        """Move, and return the sentence."""
        if not hasattr(self, "_figure"):
            from matplotlib.figure import Figure

            with _looks():
                self._figure = Figure(figsize=self.size, dpi=DPI, layout="constrained")
                self.draw(self._figure)
                self.update(**values)
                # Laid out once: what moves must not push the axes about.
                self._figure.draw_without_rendering()
                self._figure.set_layout_engine("none")
        return self.update(**values)

    def at(self, **values: Any) -> Still:
        """Move, and return the picture with its sentence."""
        sentence = self.say(**values)
        return Still.of(self._figure, sentence, self.judged(**values))

    def judged(self, **values: Any) -> str:
        """What is claimed, and whether it holds here; nothing unless there is a claim."""
        return ""

    def as_code(self, values: dict[str, Any]) -> str:
        """The call that shows a setting; nothing if there is nothing to set."""
        return ""

    @property
    def pixels(self) -> list[int]:
        """Width and height of the live picture in CSS pixels."""
        return [round(side * DPI) for side in self.size]

    def live(self) -> Any:
        """The widget: canvas and sentence, and the controls if there are any."""
        from rsi_teach.explorer.view import View

        return View(self)

    def _moving(self) -> list[Any]:
        """The artists that `draw` kept, lowest first."""
        from matplotlib.artist import Artist
        from matplotlib.axes import Axes
        from matplotlib.axis import Axis
        from matplotlib.figure import FigureBase

        def artists(thing: Any) -> Iterator[Any]:
            if isinstance(thing, Artist):
                if not isinstance(thing, (Axes, Axis, FigureBase)):
                    yield thing
            elif isinstance(thing, (list, tuple)):
                for part in thing:
                    yield from artists(part)
            elif isinstance(thing, dict):
                yield from artists(list(thing.values()))

        kept = {id(artist): artist for artist in artists(vars(self))}
        return sorted(kept.values(), key=lambda artist: artist.get_zorder())

    def record_still(self) -> dict[str, Any]:
        """A recording of everything that does not move."""
        moving = self._moving()
        for artist in moving:
            artist.set_animated(True)
        with _looks():
            recorder = self._recorder()
            self._figure.draw(recorder)
        for artist in moving:
            artist.set_animated(False)
        return recorder.recording()

    def record_moving(self) -> dict[str, Any]:
        """A recording of the artists that move, as they stand."""
        recorder = self._recorder()
        for artist in self._moving():
            artist.draw(recorder)
        return recorder.recording()

    def _recorder(self) -> Any:
        from rsi_teach.explorer.recorder import Recorder

        return Recorder(*self._figure.get_size_inches() * DPI, DPI)


class Explorer(Picture):
    """Controls, a picture that follows them, and a sentence that says what it shows.

    A subclass states its headline claim as its docstring, its controls as class attributes, and
    `draw` and `update` as a `Picture` does, with the controls as `update`'s arguments.
    `headline(**values)` says whether the claim holds; `reverses_at` is where it does not.

    Displayed in a notebook it is live; `at` gives one setting as a still picture with words.

    Raises
    ------
    TypeError
        When a subclass is defined that leaves out one of these or names a control that is not.
    ValueError
        When it is used with a value outside a control's range.
    """

    reverses_at: ClassVar[dict[str, Any]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Collect the controls and hold the class to the contract."""
        super().__init_subclass__(**kwargs)
        own = {k: v for k, v in vars(cls).items() if isinstance(v, Control)}
        cls.controls = {**cls.controls, **own}
        if not cls.__doc__ or not isinstance(getattr(cls, "reverses_at", None), dict):
            raise TypeError(f"{cls.__name__} needs a docstring (its claim) and reverses_at")
        for method in (cls.update, cls.headline):
            names = list(inspect.signature(method).parameters)[1:]
            if names != list(cls.controls):
                raise TypeError(f"{cls.__name__}.{method.__name__} takes {names}, "
                                f"the controls are {list(cls.controls)}")  # fmt: skip
        cls._complete(cls.reverses_at)

    def headline(self) -> bool:
        """Whether the claim holds at this setting."""
        raise NotImplementedError

    @classmethod
    def _complete(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Every control's value: the given ones, checked, and the defaults."""
        for name in values:
            if name not in cls.controls:
                raise ValueError(f"{cls.__name__} has no control {name!r}: "
                                 f"it has {', '.join(cls.controls) or 'none'}")  # fmt: skip
        return {
            name: control.check(name, values.get(name, control.default))
            for name, control in cls.controls.items()
        }

    @classmethod
    def corners(cls) -> Iterator[dict[str, Any]]:
        """The default, the reversal, and every combination of the controls' ends."""
        yield cls._complete({})
        yield cls._complete(cls.reverses_at)
        ends = [(name, control.stops()) for name, control in cls.controls.items()]
        for index in range(2 ** len(ends)):
            yield {n: stops[-1 if index >> i & 1 else 0] for i, (n, stops) in enumerate(ends)}

    def say(self, **values: Any) -> str:
        """The sentence at a setting; controls not named stand at their default."""
        return super().say(**self._complete(values))

    def holds(self, **values: Any) -> bool:
        """Whether the headline holds at a setting."""
        return bool(self.headline(**self._complete(values)))

    def judged(self, **values: Any) -> str:
        """The claim, and whether it holds at a setting."""
        claim = inspect.cleandoc(self.__doc__ or "").splitlines()[0]
        return f"Claim: {claim} Here it {'holds' if self.holds(**values) else 'does not hold'}."

    def as_code(self, values: dict[str, Any]) -> str:
        """The call that shows this setting."""
        named = ", ".join(
            f"{name}={value!r}"
            for name, value in values.items()
            if value != self.controls[name].default
        )
        return f"{type(self).__name__}().at({named})"

    def in_words(self) -> None:
        """Print the sentence at the default, at the reversal, and with each control at its ends.

        It goes through the live view, so what moves for a hand moves here as well.
        """
        view = self.live()
        for title, values in self._stations():
            line = f"{title}: {view.move(**values)}"
            print(textwrap.fill(line, 96, subsequent_indent="    "))

    def _stations(self) -> Iterator[tuple[str, dict[str, Any]]]:
        yield "To begin with", {}
        for name, control in self.controls.items():
            for value in (control.stops()[0], control.stops()[-1]):
                yield f"{control.label or name} {control.words(value)}", {name: value}
        yield "Where it reverses", dict(self.reverses_at)

    def _ipython_display_(self) -> None:
        display_both(self.at()._repr_mimebundle_()[0], self.live())


@dataclass(frozen=True, kw_only=True, repr=False)
class Still:
    """A picture and the sentence that says what it shows.

    Parameters
    ----------
    png : bytes
        The picture.
    sentence : str
        Its alternative text, and its caption.
    width : int
        Width at which to show it, in CSS pixels.
    claim : str
        What is claimed and whether it holds here; may be empty.
    """

    png: bytes
    sentence: str
    width: int
    claim: str = ""

    @classmethod
    def of(cls, figure: Any, sentence: str, claim: str = "") -> Still:
        """Draw a matplotlib figure on Agg, on white, sharp on a display of twice the density."""
        buffer = io.BytesIO()
        with _looks():
            figure.savefig(
                buffer, dpi=math.floor(1.6 * DPI), facecolor="white", metadata={"Software": None}
            )
        width = round(figure.get_figwidth() * DPI)
        return cls(png=buffer.getvalue(), sentence=sentence, width=width, claim=claim)

    def __repr__(self) -> str:
        """The sentence and the claim."""
        return "\n".join(filter(None, [self.sentence, self.claim]))

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        words = html.escape(self.sentence, quote=True)
        data = base64.b64encode(self.png).decode()
        source = f'src="data:image/png;base64,{data}" class="rsi-still"'
        picture = f'<img alt="{words}" width="{self.width}" {source}>'
        claim = f"\n<p><em>{html.escape(self.claim)}</em></p>" if self.claim else ""
        return {"text/html": f"{picture}\n<p>{words}</p>{claim}", "text/plain": repr(self)}, {}


def _looks() -> Any:
    """The course's look, for as long as something is drawn."""
    import matplotlib as mpl

    return mpl.rc_context(LOOK)
