"""The live face of an explorer in a notebook."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from rsi_teach.explorer.controls import Choice, Toggle

if TYPE_CHECKING:
    from rsi_teach.explorer.explorer import Picture

HERE = Path(__file__).parent


class View(anywidget.AnyWidget):
    """Controls, canvas and sentence; what travels is the number of the stop each stands on."""

    _esm = HERE / "view.js"
    _css = HERE / "view.css"
    size = traitlets.List().tag(sync=True)
    controls = traitlets.List().tag(sync=True)
    start = traitlets.Dict().tag(sync=True)
    reversal = traitlets.Dict().tag(sync=True)
    still = traitlets.Dict().tag(sync=True)
    frame = traitlets.Dict().tag(sync=True)
    # The browser knows what it sent: an echo would only cost a message.
    position = traitlets.Dict().tag(sync=True, echo_update=False)

    def __init__(self, picture: Picture) -> None:
        self._picture = picture
        reversal = picture._complete(picture.reverses_at) if picture.controls else {}
        self._stops = {
            name: control.stops(reversal[name]) for name, control in picture.controls.items()
        }
        start = self._at({name: control.default for name, control in picture.controls.items()})
        frame = self._frame(start)
        super().__init__(
            size=picture.pixels,
            controls=self._specs(),
            start=start,
            reversal=self._at(reversal),
            position=start,
            still=picture.record_still(),
            frame=frame | picture.record_moving(),
        )

    def move(self, **values: Any) -> str:
        """Put the controls to the stops nearest to `values`, as a hand would; the sentence there.

        Parameters
        ----------
        **values
            Values by control; what is not named goes to its default.

        Raises
        ------
        ValueError
            If there is no such control or the value is outside its range.
        """
        self.position = self._at(self._picture._complete(values))
        return self.frame["sentence"]

    @traitlets.observe("position")
    def _moved(self, change: Any) -> None:
        # Before __init__ is through there is no comm, and nothing to send.
        if self.frame:
            self.refresh()

    def refresh(self) -> None:
        """Send the picture as it is now."""
        self.frame = self._frame(self.position) | self._picture.record_moving()

    def _frame(self, position: dict[str, int]) -> dict[str, Any]:
        values = {name: stops[position[name]] for name, stops in self._stops.items()}
        return {
            "sentence": self._picture.say(**values),
            "claim": self._picture.judged(**values),
            "code": self._picture.as_code(values),
        }

    def _at(self, values: dict[str, Any]) -> dict[str, int]:
        """The number of the stop nearest to each value."""

        def nearest(stops: list[Any], value: Any) -> int:
            if value in stops:
                return stops.index(value)
            return min(range(len(stops)), key=lambda i: abs(stops[i] - value))

        return {name: nearest(self._stops[name], value) for name, value in values.items()}

    def _specs(self) -> list[dict[str, Any]]:
        """What the browser needs to make each control."""
        kinds = {Choice: "choice", Toggle: "toggle"}
        return [
            {
                "name": name,
                "kind": kinds.get(type(control), "slider"),
                "label": control.label or name,
                "stops": [control.words(stop) for stop in self._stops[name]],
            }
            for name, control in self._picture.controls.items()
        ]
