"""What a watch of 11.4 did with a bank of streams, and what that cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rsi_teach.learn.faces import Table

FALSE_ALARM = 50.0
"""What a false alarm costs, in points of accuracy times generations."""


@dataclass(frozen=True, kw_only=True)
class Watching:
    """What a rule did with a bank of streams.

    Parameters
    ----------
    rows : dict
        For each kind: streams, false alarms, alarms, generations of delay, cost.
    """

    rows: dict[str, list[float]]

    @property
    def cost(self) -> float:
        """Sum over all streams."""
        return sum(row[4] for row in self.rows.values())

    @property
    def false_alarms(self) -> int:
        """Streams that were stopped with nothing granted."""
        return int(sum(row[1] for row in self.rows.values()))

    def table(self, caption: str) -> Table:
        """Every kind with its alarms, delays and costs."""
        return Table(
            caption=caption,
            columns=("stream", "streams", "false alarms", "noticed", "mean delay", "cost"),
            rows=tuple(self._row(kind, *row) for kind, row in sorted(self.rows.items())),
        )

    @staticmethod
    def _row(kind: str, n: float, false: float, noticed: float, delay: float, cost: float) -> Any:
        mean = f"{delay / noticed:.1f}" if noticed else "–"
        found = "–" if kind in QUIET else f"{noticed:.0f}"
        return kind, f"{n:.0f}", f"{false:.0f}", found, mean, f"{cost:.0f}"


QUIET = ("quiet", "fixed step")
