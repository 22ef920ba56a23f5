"""Chapter 01: METR's time horizons, and how the window of a fit moves its answer."""

from __future__ import annotations

import csv
import functools
from dataclasses import dataclass, fields, replace
from importlib.resources import files

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rsi_teach.models.domain import within

Array = NDArray[np.float64]
Dates = NDArray[np.datetime64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Horizons:
    """A table of models: how long the tasks are, in human time, that each does half the time.

    Parameters
    ----------
    model : array of str [models]
        Names, in order of release.
    released : array of datetime64[D] [models]
        Dates of release, in order.
    p50, p50_low, p50_high : array [models], > 0, human-minutes
        Horizon at 50 % success, and its 95 % bootstrap interval.
    p80, p80_low, p80_high : array [models], > 0, human-minutes
        The same at 80 % success.

    Raises
    ------
    ValueError
        If the columns differ in length, a horizon is not positive or the dates are out of order.

    References
    ----------
    Kwa et al. (2025), arXiv:2503.14499, as released in mid-2025.

    Examples
    --------
    >>> len(time_horizons())
    16
    """

    model: NDArray[np.str_]
    released: Dates
    p50: Array
    p50_low: Array
    p50_high: Array
    p80: Array
    p80_low: Array
    p80_high: Array

    def __post_init__(self) -> None:
        """Refuse a crooked table."""
        _check_dates("released", self.released)
        for column in fields(self):
            values = getattr(self, column.name)
            if np.shape(values) != (len(self.model),):
                raise ValueError(f"{column.name} is not one value for each model")
            if column.name.startswith("p"):
                within(column.name, values, 0, 1e9, open_low=True)
        if np.any(np.diff(self.released) < np.timedelta64(0, "D")):
            raise ValueError("released is not in order of the dates")

    def __len__(self) -> int:
        """Count the models."""
        return len(self.model)

    def at(self, rows: ArrayLike) -> Horizons:
        """Keep the rows that a mask or an index array names, at least one.

        Parameters
        ----------
        rows : array of bool [models] or of int
            As in NumPy indexing.

        Returns
        -------
        Horizons
        """
        return replace(self, **{f.name: getattr(self, f.name)[rows] for f in fields(self)})


def _check_dates(name: str, dates: Dates, least: int = 1) -> None:
    dates = np.asarray(dates)
    if dates.dtype.kind != "M" or dates.ndim != 1 or np.isnat(dates).any():
        raise ValueError(f"{name} = {dates!r} is not a row of dates")
    if len(dates) < least:
        raise ValueError(f"{name} holds {len(dates)} dates, and {least} are needed")


@functools.cache
def time_horizons() -> Horizons:
    """Read the sixteen published models from the file beside this one.

    Returns
    -------
    Horizons
        Its arrays are read-only.

    References
    ----------
    Kwa et al. (2025), arXiv:2503.14499; see SOURCE.md beside the file.

    Examples
    --------
    >>> str(time_horizons().model[0]), float(time_horizons().p50[-2])
    ('GPT-2', 112.2)
    """
    text = files("rsi_teach.models").joinpath("metr_time_horizons.csv").read_text("utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    table = {"model": np.array([row["model"] for row in rows])}
    table["released"] = np.array([row["release_date"] for row in rows], dtype="datetime64[D]")
    for level in ("p50", "p80"):
        for ours, theirs in (("", "_minutes"), ("_low", "_low"), ("_high", "_high")):
            table[level + ours] = np.array([float(row[level + theirs]) for row in rows])
    for column in table.values():
        column.flags.writeable = False
    return Horizons(**table)


def released_between(horizons: Horizons, start: str, end: str) -> Horizons:
    """Keep the models released from `start` on and before `end`.

    Parameters
    ----------
    horizons : Horizons
    start, end : str or datetime64, ISO dates
        The day `end` itself is left out.

    Returns
    -------
    Horizons

    Raises
    ------
    ValueError
        If a date cannot be read or no model is left.

    References
    ----------
    The window is ours; Kwa et al. (2025) fit 2019 to March 2025.

    Examples
    --------
    >>> len(released_between(time_horizons(), "2024-01-01", "2025-04-01"))
    9
    """
    first, last = _day("start", start), _day("end", end)
    rows = (horizons.released >= first) & (horizons.released < last)
    if not rows.any():
        raise ValueError(f"end = {end} leaves no model between start = {start} and itself")
    return horizons.at(rows)


def _day(name: str, date: str) -> np.datetime64:
    try:
        day = np.datetime64(date, "D")
    except (ValueError, TypeError):
        day = np.datetime64("NaT")
    if np.isnat(day):
        raise ValueError(f"{name} = {date!r} is not a date like 2024-01-31")
    return day


def running_max(horizons: Horizons) -> Horizons:
    """Keep the models whose 50 % horizon was above that of every model before them.

    Parameters
    ----------
    horizons : Horizons

    Returns
    -------
    Horizons

    References
    ----------
    Our reading of "frontier models" in Kwa et al. (2025); their own selection is by hand.

    Examples
    --------
    >>> len(running_max(released_between(time_horizons(), "2019-01-01", "2025-04-01")))
    11
    """
    best_before = np.concatenate([[0.0], np.maximum.accumulate(horizons.p50)[:-1]])
    return horizons.at(horizons.p50 > best_before)


@dataclass(frozen=True, kw_only=True)
class DoublingFit:
    """A straight line through log2 of the horizons.

    Parameters
    ----------
    days : float, > 0
        Doubling time.
    days_se : float, >= 0
        Its standard error (delta method), if the points scatter independently around the line.
    r_squared : float, in [0, 1]
        Share of the variance of log2(minutes) that the line explains.
    origin : datetime64[D]
        Date from which `minutes_at_origin` is reckoned: the mean date of the fit.
    minutes_at_origin : float, > 0
        The line's horizon there.

    Raises
    ------
    ValueError
        If a number is out of its range.

    References
    ----------
    Ordinary least squares, as in Kwa et al. (2025).

    Examples
    --------
    >>> fit = DoublingFit(days=200.0, days_se=9.0, r_squared=0.9,
    ...                   origin=np.datetime64("2024-01-01"), minutes_at_origin=8.0)
    >>> fit.minutes(np.array(["2024-07-19"], dtype="datetime64[D]")).tolist()
    [16.0]
    """

    days: float
    days_se: float
    r_squared: float
    origin: np.datetime64
    minutes_at_origin: float

    def __post_init__(self) -> None:
        """Refuse a fit that is none."""
        within("days", self.days, 0, 1e12, open_low=True)
        within("days_se", self.days_se, 0, 1e12)
        within("r_squared", self.r_squared, 0, 1)
        within("minutes_at_origin", self.minutes_at_origin, 0, 1e300, open_low=True)
        _day("origin", self.origin)

    def minutes(self, dates: Dates) -> Array:
        """Horizon on the fitted line.

        Parameters
        ----------
        dates : array of datetime64[D]

        Returns
        -------
        array
            Human-minutes, shape of `dates`.
        """
        gone = (np.asarray(dates) - self.origin) / np.timedelta64(1, "D")
        return self.minutes_at_origin * np.exp2(gone / self.days)


def doubling_time(dates: Dates, horizons: ArrayLike) -> DoublingFit:
    """Fit a constant doubling time to horizons: least squares on log2(minutes) against days.

    Parameters
    ----------
    dates : array of datetime64 [models], at least three, not all the same
        Dates of release.
    horizons : array [models], in [1e-6, 1e9], human-minutes
        Must grow on the whole: a falling line has no doubling time.

    Returns
    -------
    DoublingFit

    Raises
    ------
    ValueError
        If there is nothing to fit, or the horizons do not grow.

    References
    ----------
    Kwa et al. (2025): 212 days, R² .98, for their frontier models to March 2025.

    Examples
    --------
    >>> models = running_max(released_between(time_horizons(), "2019-01-01", "2025-04-01"))
    >>> round(doubling_time(models.released, models.p50).days)
    213
    """
    within("horizons", horizons, 1e-6, 1e9)
    _check_dates("dates", dates, least=3)
    if np.shape(horizons) != np.shape(dates):
        raise ValueError(f"horizons has shape {np.shape(horizons)}, not that of the dates")
    origin = np.asarray(dates).astype("datetime64[D]")[0]
    day = (np.asarray(dates) - origin) / np.timedelta64(1, "D")
    middle = float(np.floor(day.mean()))
    return _fit(day - middle, np.log2(horizons), origin + np.timedelta64(int(middle), "D"))


def _fit(x: Array, y: Array, origin: np.datetime64) -> DoublingFit:
    dx, dy = x - x.mean(), y - y.mean()
    if not dx.any():
        raise ValueError("dates are all the same day: there is no line to fit")
    slope = dx @ dy / (dx @ dx)
    if slope <= 1e-9:
        raise ValueError("horizons do not grow with the dates: there is no doubling time")
    left = dy - slope * dx
    slope_se = np.sqrt(left @ left / (len(x) - 2) / (dx @ dx))
    return DoublingFit(
        days=float(1 / slope),
        days_se=float(slope_se / slope**2),
        r_squared=float(np.clip(1 - left @ left / (dy @ dy), 0, 1)),
        origin=origin,
        minutes_at_origin=float(np.exp2(y.mean() - slope * x.mean())),
    )


def window_effect(horizons: Horizons, starts: list[str], *, end: str) -> list[DoublingFit]:
    """Fit the doubling time again for every first day of the window.

    Parameters
    ----------
    horizons : Horizons
        Pass `running_max` of it to fit the frontier only.
    starts : list of str, ISO dates
        First days; each window must hold three models.
    end : str, ISO date
        The day after the window.

    Returns
    -------
    list of DoublingFit
        One for each start.

    Raises
    ------
    ValueError
        If a window cannot be fitted.

    References
    ----------
    Kwa et al. (2025) note the faster doubling of 2024 and 2025 themselves.

    Examples
    --------
    >>> fits = window_effect(time_horizons(), ["2019-01-01", "2024-01-01"], end="2025-05-01")
    >>> [round(fit.days) for fit in fits]
    [208, 108]
    """
    chosen = (released_between(horizons, start, end) for start in starts)
    return [doubling_time(models.released, models.p50) for models in chosen]
