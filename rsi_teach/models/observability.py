"""Chapter 15: can we steer, and do we know what the steering does?

A linear system in discrete time, x_{t+1} = A x_t + B u_t with readings y_t = C x_t, can be
steered, or read, or both, or neither. Here are Kalman's two rank tests, how nearly a system is
blind (the rank is yes or no, knowing is a matter of degree), what the unread part does meanwhile,
and how much of it the best estimator still does not know. `observability_filter` (readings that
arrive only now and then) and `observability_rate` (readings of so many bits, and understanding as
a channel) are imported here as well.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rsi_teach.models.domain import shaped, within
from rsi_teach.models.observability_filter import (
    Plant,
    critical_arrival,
    mean_bounds,
    mean_from_streaks,
    riccati_step,
    settled_bounds,
    settled_quantile,
    simulate_variances,
    tail_exponent,
)
from rsi_teach.models.observability_rate import (
    Study,
    bits_needed,
    cycles_bought,
    fastest_cycle,
    interval_widths,
    settled_widths,
    simulate_channel,
    study_bits,
)

__all__ = [
    "Plant",
    "Study",
    "System",
    "bits_needed",
    "controllability_matrix",
    "controllable_rank",
    "critical_arrival",
    "cycles_bought",
    "dual",
    "error_covariances",
    "fastest_cycle",
    "hidden_pair",
    "interval_widths",
    "least_seen",
    "left_unknown",
    "mean_bounds",
    "mean_from_streaks",
    "observability_gramian",
    "observability_matrix",
    "observable_rank",
    "riccati_step",
    "settled_bounds",
    "settled_quantile",
    "settled_widths",
    "simulate_channel",
    "simulate_states",
    "simulate_variances",
    "state_moments",
    "steered",
    "study_bits",
    "tail_exponent",
]

Array = NDArray[np.float64]
LARGEST = 10
"""Most parts of a state, and the largest entry of a matrix."""
LONGEST = 250
"""Most steps of one run."""


@dataclass(frozen=True, kw_only=True, eq=False)
class System:
    """A linear system in discrete time: x_{t+1} = A x_t + B u_t, of which y_t = C x_t is read.

    Parameters
    ----------
    a : array [parts, parts], in [-10, 10]
        What the system does by itself; at most 10 parts.
    b : array [parts, knobs], in [-10, 10]
        What each knob moves.
    c : array [readings, parts], in [-10, 10]
        What each reading sees.

    Raises
    ------
    ValueError
        If a matrix is out of its range, or its shape does not fit the others.

    References
    ----------
    Kalman (1961), "On the general theory of control systems".

    Examples
    --------
    >>> System(a=[[0.9, 0], [0.1, 1]], b=[[1], [0]], c=[[1, 0]]).parts
    2
    """

    a: ArrayLike
    b: ArrayLike
    c: ArrayLike

    def __post_init__(self) -> None:
        """Refuse matrices that do not fit together."""
        parts = len(shaped("a", self.a, ("parts", "parts"), longest=LARGEST))
        fits = {"a": (parts, parts), "b": (parts, "knobs"), "c": ("readings", parts)}
        for name, axes in fits.items():
            most = None if name == "a" else LARGEST
            matrix = shaped(name, getattr(self, name), axes, longest=most)
            within(name, matrix, -LARGEST, LARGEST)
            object.__setattr__(self, name, matrix.astype(float))

    @property
    def parts(self) -> int:
        """Length of the state."""
        return len(self.a)


def hidden_pair(*, passes: float = 0.1, shows: float = 0.0, keeps: float = 1.0) -> System:
    """Return two parts of which one is steered and read and the other is neither.

    The first part is pushed by the knob and shown by the reading. A share of it passes over into
    the second, which keeps it. The second never acts back; the reading may show some of it.

    Parameters
    ----------
    passes : float, in [0, 1], per step
        Share of the first part that goes over into the second.
    shows : float, in [-10, 10]
        How much of the second part the reading shows beside the first.
    keeps : float, in [0, 1.5], per step
        What the second part is multiplied by.

    Returns
    -------
    System
        A = [[1 - passes, 0], [passes, keeps]], B = (1, 0), C = (1, shows).

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    This course's own toy.

    Examples
    --------
    >>> pair = hidden_pair()
    >>> controllable_rank(pair), observable_rank(pair)
    (2, 1)
    """
    within("passes", passes, 0, 1)
    within("shows", shows, -LARGEST, LARGEST)
    within("keeps", keeps, 0, 1.5)
    return System(a=[[1 - passes, 0], [passes, keeps]], b=[[1], [0]], c=[[1, shows]])


def dual(system: System) -> System:
    """Return the system in which knobs and readings have changed places.

    Parameters
    ----------
    system : System

    Returns
    -------
    System
        With A', C' and B' in the place of A, B and C.

    References
    ----------
    Kalman (1961).

    Examples
    --------
    >>> other = dual(hidden_pair())
    >>> controllable_rank(other), observable_rank(other)
    (1, 2)
    """
    return System(a=system.a.T, b=system.c.T, c=system.b.T)


def observability_matrix(system: System) -> Array:
    """Stack C, CA, ..., CA^(n-1): what n readings in a row see of the state at the first.

    Parameters
    ----------
    system : System

    Returns
    -------
    array [readings · parts, parts]

    References
    ----------
    Kalman (1961).

    Examples
    --------
    >>> observability_matrix(hidden_pair()).tolist()
    [[1.0, 0.0], [0.9, 0.0]]
    """
    return _outputs(system, system.parts)


def _outputs(system: System, steps: int) -> Array:
    rows = [system.c]
    for _ in range(steps - 1):
        rows.append(rows[-1] @ system.a)
    return np.concatenate(rows)


def controllability_matrix(system: System) -> Array:
    """Put B, AB, ..., A^(n-1)B side by side: where n turns of the knobs can take the state.

    Parameters
    ----------
    system : System

    Returns
    -------
    array [parts, knobs · parts]

    References
    ----------
    Kalman (1961).

    Examples
    --------
    >>> controllability_matrix(hidden_pair()).tolist()
    [[1.0, 0.9], [0.0, 0.1]]
    """
    return observability_matrix(dual(system)).T


def observable_rank(system: System) -> int:
    """Number of independent directions of the state that the readings can tell apart.

    Parameters
    ----------
    system : System

    Returns
    -------
    int
        All of them, `system.parts`, if the system is observable.

    References
    ----------
    Kalman (1961). In floating point a rank is a judgement: singular values under a hundred
    rounding errors of the largest count as zero.

    Examples
    --------
    >>> [observable_rank(hidden_pair(shows=shows)) for shows in (0, 0.01, 1)]
    [1, 2, 1]
    """
    return _rank(observability_matrix(system))


def controllable_rank(system: System) -> int:
    """Number of independent directions in which the knobs can move the state.

    Parameters
    ----------
    system : System

    Returns
    -------
    int
        All of them, `system.parts`, if the system is controllable.

    References
    ----------
    Kalman (1961).

    Examples
    --------
    >>> controllable_rank(hidden_pair()), controllable_rank(hidden_pair(passes=0))
    (2, 1)
    """
    return _rank(controllability_matrix(system))


def _rank(matrix: Array) -> int:
    values = np.linalg.svd(matrix, compute_uv=False)
    return int(np.sum(values > 100 * np.finfo(float).eps * values.max(initial=0)))


def observability_gramian(system: System, steps: int) -> Array:
    """Sum of (CA^t)'(CA^t): how strongly so many readings see each direction of the first state.

    Parameters
    ----------
    system : System
    steps : int, in [1, 250]

    Returns
    -------
    array [parts, parts]
        Symmetric. With readings of error variance r, r times its inverse is the covariance of the
        best estimate of the first state.

    Raises
    ------
    ValueError
        If `steps` is out of its range.

    References
    ----------
    Kalman (1961).

    Examples
    --------
    >>> observability_gramian(hidden_pair(), 2).round(2).tolist()
    [[1.81, 0.0], [0.0, 0.0]]
    """
    within("steps", steps, 1, LONGEST, integer=True)
    outputs = _outputs(system, steps)
    return outputs.T @ outputs


def least_seen(system: System, steps: int) -> tuple[float, Array]:
    """Smallest singular value of so many readings, and the direction that they see least.

    Parameters
    ----------
    system : System
    steps : int, in [1, 250]

    Returns
    -------
    (float, array [parts])
        The root of the Gramian's smallest eigenvalue; 0 if the system is unobservable. With
        readings of standard error s, the state in that direction is known to s over this value.

    Raises
    ------
    ValueError
        If `steps` is out of its range.

    References
    ----------
    The usual measure of a degree of observability; least squares.

    Examples
    --------
    >>> value, direction = least_seen(hidden_pair(shows=0.01), 2)
    >>> round(value, 5), np.abs(direction).round(2).tolist()
    (0.00074, [0.01, 1.0])
    """
    within("steps", steps, 1, LONGEST, integer=True)
    padded = np.concatenate([_outputs(system, steps), np.zeros((system.parts, system.parts))])
    _, values, directions = np.linalg.svd(padded, full_matrices=False)
    return float(values[-1]), directions[-1]


def steered(system: System, gain: ArrayLike) -> System:
    """Close the loop: every knob is turned against what is read, u = push - gain · y.

    Parameters
    ----------
    system : System
    gain : array [knobs, readings], in [-10, 10]

    Returns
    -------
    System
        With A - B gain C in the place of A.

    Raises
    ------
    ValueError
        If `gain` is out of its range or its shape, or takes an entry of A out of [-10, 10].

    References
    ----------
    Output feedback; any text on linear systems.

    Examples
    --------
    >>> steered(hidden_pair(), [[0.5]]).a.tolist()
    [[0.4, 0.0], [0.1, 1.0]]
    """
    gain = shaped("gain", gain, (system.b.shape[1], len(system.c)))
    within("gain", gain, -LARGEST, LARGEST)
    closed = system.a - system.b @ gain @ system.c
    within("gain makes A", closed, -LARGEST, LARGEST)
    return System(a=closed, b=system.b, c=system.c)


def simulate_states(system: System, noise: ArrayLike, *, push: ArrayLike) -> Array:
    """Run the system from zero, with a constant push on its knobs, once for every run of noise.

    Parameters
    ----------
    system : System
    noise : array [steps, parts, runs], at most 250 steps, in [-1e6, 1e6]
        Added to each part in each step, in its unit.
    push : array [knobs], in [-1e6, 1e6]

    Returns
    -------
    array [steps + 1, parts, runs]
        Row 0 is the start, zero.

    Raises
    ------
    ValueError
        If `noise` or `push` is out of its range or shape.

    References
    ----------
    The definition of the system; its moments are `state_moments`.

    Examples
    --------
    >>> simulate_states(hidden_pair(), np.zeros((2, 2, 1)), push=[1])[:, :, 0].tolist()
    [[0.0, 0.0], [1.0, 0.0], [1.9, 0.1]]
    """
    noise = shaped("noise", noise, ("steps", system.parts, "runs"), longest=LONGEST)
    within("noise", noise, -1e6, 1e6)
    states = np.zeros((len(noise) + 1, *noise.shape[1:]))
    moved = noise + (system.b @ _check_push(system, push))[:, None]
    for t in range(len(noise)):
        np.matmul(system.a, states[t], out=states[t + 1])
        states[t + 1] += moved[t]
    return states


def _check_push(system: System, push: ArrayLike) -> Array:
    push = shaped("push", push, (system.b.shape[1],))
    within("push", push, -1e6, 1e6)
    return np.asarray(push, dtype=float)


def state_moments(
    system: System, steps: int, *, push: ArrayLike, drift: float = 1.0
) -> tuple[Array, Array]:
    """Exact mean and covariance of the states that `simulate_states` draws.

    Parameters
    ----------
    system : System
    steps : int, in [1, 250]
    push : array [knobs], in [-1e6, 1e6]
    drift : float, in [0, 1e6]
        Variance of the noise in each part and step.

    Returns
    -------
    (array [steps + 1, parts], array [steps + 1, parts, parts])

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    m' = A m + B u, V' = A V A' + drift · I.

    Examples
    --------
    >>> mean, covariance = state_moments(hidden_pair(), 2, push=[1])
    >>> mean[-1].tolist(), covariance[-1].round(2).tolist()
    ([1.9, 0.1], [[1.81, 0.09], [0.09, 2.01]])
    """
    within("steps", steps, 1, LONGEST, integer=True)
    within("drift", drift, 0, 1e6)
    moved = system.b @ _check_push(system, push)
    mean = np.zeros((steps + 1, system.parts))
    covariance = np.zeros((steps + 1, system.parts, system.parts))
    for t in range(steps):
        mean[t + 1] = system.a @ mean[t] + moved
        covariance[t + 1] = system.a @ covariance[t] @ system.a.T + drift * np.eye(system.parts)
    return mean, covariance


def error_covariances(
    system: System, steps: int, *, drift: float = 1.0, sensor: float = 1.0
) -> Array:
    """Covariance of what the best estimator still does not know, before each reading.

    The start is known exactly, every reading arrives, and knobs do not matter: a push that is
    known moves the state and the estimate alike.

    Parameters
    ----------
    system : System
    steps : int, in [1, 250]
    drift : float, in [0, 1e6]
        Variance of the noise in each part and step.
    sensor : float, in [1e-9, 1e6]
        Error variance of each reading.

    Returns
    -------
    array [steps + 1, parts, parts]
        Row 0 is zero.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Kalman's filter, its Riccati recursion.

    Examples
    --------
    >>> error_covariances(hidden_pair(), 100)[-1].diagonal().round(2).tolist()
    [1.48, 100.97]
    """
    within("steps", steps, 1, LONGEST, integer=True)
    within("drift", drift, 0, 1e6)
    within("sensor", sensor, 1e-9, 1e6)
    return np.array([np.zeros_like(system.a), *_riccati(system.a, system.c, steps, drift, sensor)])


def _riccati(a: Array, c: Array, steps: int, drift: float, sensor: float) -> list[Array]:
    """Error covariances after each step; `c` may be a stack of matrices."""
    made, unknown = [], np.zeros(np.broadcast_shapes(a.shape, (*c.shape[:-2], 1, 1)))
    ct, floor = c.swapaxes(-1, -2), drift * np.eye(len(a))
    for _ in range(steps):
        seen = unknown @ ct
        gain = seen @ np.linalg.inv(c @ seen + sensor * np.eye(c.shape[-2]))
        unknown = a @ (unknown - gain @ seen.swapaxes(-1, -2)) @ a.T + floor
        made.append(unknown)
    return made


def left_unknown(
    shows: ArrayLike, steps: int, *, keeps: float = 1.0, drift: float = 1.0, sensor: float = 1.0
) -> Array:
    """Share of the hidden part's spread that the readings of a `hidden_pair` leave unexplained.

    Parameters
    ----------
    shows : array [systems], in [-10, 10]
        How much of the hidden part the reading shows.
    steps : int, in [2, 250]
        Readings so far.
    keeps : float, in [0, 1.2]
        What the hidden part is multiplied by in each step.
    drift : float, in [1e-6, 1e6]
        Variance of the noise in each part and step.
    sensor : float, in [1e-9, 1e6]
        Error variance of each reading.

    Returns
    -------
    array [systems]
        Standard deviation of the estimate's error over that of the hidden part itself: 1 if the
        readings say nothing. Where the hidden part is not shown at all it is still below 1, since
        what passed over was read before it went.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    `error_covariances` over `state_moments`, for many readings at once.

    Examples
    --------
    >>> left_unknown([0.0, 0.01, 0.1], 100).round(2).tolist()
    [0.74, 0.7, 0.45]
    """
    shows = shaped("shows", shows, ("systems",), longest=1000)
    within("shows", shows, -LARGEST, LARGEST)
    within("steps", steps, 2, LONGEST, integer=True)
    within("keeps", keeps, 0, 1.2)
    within("drift", drift, 1e-6, 1e6)
    within("sensor", sensor, 1e-9, 1e6)
    pair = hidden_pair(keeps=keeps)
    c = np.stack([np.ones(len(shows)), shows], axis=1)[:, None]
    unknown = _riccati(pair.a, c, steps, drift, sensor)[-1][:, 1, 1]
    spread = state_moments(pair, steps, push=[0.0], drift=drift)[1][-1, 1, 1]
    return np.sqrt(unknown / spread)
