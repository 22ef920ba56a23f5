"""Chapter 05: how far selection moves what is produced, and Gao's two laws of over-optimisation.

The distance is d = √KL, KL in nats between what is produced after selection and before.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from rsi_teach.models.domain import within

Array = NDArray[np.float64]
Method = Literal["best-of-n", "RL"]
METHODS = ("best-of-n", "RL")


def best_of_n_kl(n: ArrayLike) -> Array:
    """KL divergence of the best of n from one draw, if no two scores are ever equal.

    Parameters
    ----------
    n : array of int, any shape, in [1, 10**15]

    Returns
    -------
    array
        ln n - (n - 1)/n in nats, shape of `n`. With ties it is only an upper bound.

    Raises
    ------
    ValueError
        If `n` is out of its range.

    References
    ----------
    Beirami et al. (2025), arXiv:2401.01879.

    Examples
    --------
    >>> best_of_n_kl([1, 10, 1000]).round(3).tolist()
    [0.0, 1.403, 5.909]
    """
    within("n", n, 1, 1e15, integer=True)
    n = np.asarray(n, dtype=float)
    return np.log(n) - (n - 1) / n


def tied_best_of_n_kl(probabilities: ArrayLike, n: ArrayLike) -> Array:
    """KL divergence of the best of n from one draw, for a score that takes a few values.

    Parameters
    ----------
    probabilities : array [levels], each in (0, 1], summing to 1
        Of the levels of the score, the lowest first. Among equals one is drawn at random.
    n : array of int, any shape, in [1, 10**15]

    Returns
    -------
    array
        In nats, shape of `n`. It never exceeds -ln of the highest level's probability.

    Raises
    ------
    ValueError
        If an argument is out of its range or the probabilities do not sum to 1.

    References
    ----------
    Beirami et al. (2025), arXiv:2401.01879: P(best at level k) = F_k^n - F_{k-1}^n.

    Examples
    --------
    >>> tied_best_of_n_kl([0.5, 0.5], [1, 4, 64]).round(4).tolist()
    [0.0, 0.4594, 0.6931]
    """
    within("probabilities", probabilities, 0, 1, open_low=True)
    within("n", n, 1, 1e15, integer=True)
    chance = np.asarray(probabilities, dtype=float)
    if chance.ndim != 1 or not math.isclose(chance.sum(), 1, abs_tol=1e-9):
        raise ValueError(f"probabilities = {probabilities!r} is not a row that sums to 1")
    above = np.append(np.cumsum(chance[::-1])[::-1], 0.0)
    n = np.asarray(n, dtype=float)[..., None]
    with np.errstate(divide="ignore"):
        at_most = np.exp(n * np.log1p(-np.minimum(above, 1)))
    best = np.diff(at_most, axis=-1)
    ratio = np.where(best > 0, best / chance, 1)
    return np.maximum((best * np.log(ratio)).sum(axis=-1), 0)


@dataclass(frozen=True, kw_only=True)
class Law:
    """A law of over-optimisation: the true reward at a distance d = √KL from the start.

    Parameters
    ----------
    alpha : float, in [0.001, 1000]
        What the first steps gain, per unit of distance.
    beta : float, in [0.001, 1000]
        How fast that is lost. alpha/beta <= 50.
    method : "best-of-n" or "RL"
        d(alpha - beta d), or d(alpha - beta ln d).

    Raises
    ------
    ValueError
        If a parameter is out of its range or there is no such method.

    References
    ----------
    Gao, Schulman & Hilton (2022), arXiv:2210.10760; the coefficients here are ours.

    Examples
    --------
    >>> law = Law(alpha=1, beta=0.25)
    >>> law.peak, law.highest
    (2.0, 1.0)
    """

    alpha: float = 1.0
    beta: float = 0.25
    method: Method = "best-of-n"

    def __post_init__(self) -> None:
        """Refuse a law without a peak that a float can hold."""
        within("alpha", self.alpha, 1e-3, 1e3)
        within("beta", self.beta, 1e-3, 1e3)
        _check_method(self.method)
        if self.alpha > 50 * self.beta:
            raise ValueError(f"alpha = {self.alpha:g} is more than 50 times beta = {self.beta:g}")

    @property
    def peak(self) -> float:
        """Distance at which the true reward is highest: alpha/2beta, or e^(alpha/beta - 1)."""
        return float(_peak(self.alpha / self.beta, self.method))

    @property
    def highest(self) -> float:
        """True reward at the peak: alpha²/4beta, or beta times the peak."""
        squared = self.alpha**2 / (4 * self.beta)
        return squared if self.method == "best-of-n" else self.beta * self.peak


def _check_method(method: str) -> None:
    if method not in METHODS:
        raise ValueError(f"method = {method!r} is not one of {', '.join(METHODS)}")


def _peak(ratio: ArrayLike, method: Method) -> Array:
    ratio = np.asarray(ratio, dtype=float)
    return ratio / 2 if method == "best-of-n" else np.exp(ratio - 1)


def true_reward(law: Law, distance: ArrayLike) -> Array:
    """True ("gold") reward after moving a distance d = √KL from the start.

    Parameters
    ----------
    law : Law
    distance : array, any shape, in [0, 10**6], √nats

    Returns
    -------
    array
        Shape of `distance`; 0 at the start.

    Raises
    ------
    ValueError
        If `distance` is out of its range.

    References
    ----------
    Gao, Schulman & Hilton (2022), arXiv:2210.10760.

    Examples
    --------
    >>> true_reward(Law(alpha=1, beta=0.25), [0, 2, 4]).tolist()
    [0.0, 1.0, 0.0]
    """
    within("distance", distance, 0, 1e6)
    gain, loss = _columns(np.asarray(distance, dtype=float), law.method)
    return law.alpha * gain + law.beta * loss


def _columns(distance: Array, method: Method) -> tuple[Array, Array]:
    """What alpha and beta multiply: both laws are linear in them."""
    if method == "best-of-n":
        return distance, -(distance**2)
    return distance, -distance * np.log(np.where(distance > 0, distance, 1))


@dataclass(frozen=True, kw_only=True)
class LawFit:
    """Least-squares estimates of a law's coefficients, with their uncertainty.

    Parameters
    ----------
    alpha, beta : float, finite
        Estimates; noise may make either negative.
    alpha_var, beta_var : float, >= 0
        Their estimated variances.
    covariance : float, finite
        Between the two.
    points : int, >= 3
        How many data were fitted.
    method : "best-of-n" or "RL"

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Ordinary least squares; the noise is estimated from the residuals.

    Examples
    --------
    >>> fit = LawFit(alpha=1.0, beta=0.25, alpha_var=0, beta_var=0, covariance=0, points=9)
    >>> fit.peak
    2.0
    """

    alpha: float
    beta: float
    alpha_var: float
    beta_var: float
    covariance: float
    points: int
    method: Method = "best-of-n"

    def __post_init__(self) -> None:
        """Refuse what no fit gives."""
        within("alpha", self.alpha, -math.inf, math.inf, open_high=True)
        within("beta", self.beta, -math.inf, math.inf, open_high=True)
        within("alpha_var", self.alpha_var, 0, open_high=True)
        within("beta_var", self.beta_var, 0, open_high=True)
        within("covariance", self.covariance, -math.inf, math.inf, open_high=True)
        within("points", self.points, 3, integer=True, open_high=True)
        _check_method(self.method)

    @property
    def peak(self) -> float:
        """Fitted distance of the peak; inf if the fit never turns down."""
        if self.beta <= 0:
            return math.inf
        return float(_peak(min(self.alpha / self.beta, 500), self.method))


def fit_law(distance: ArrayLike, reward: ArrayLike, *, method: Method = "best-of-n") -> LawFit:
    """Fit a law of over-optimisation by linear least squares.

    Parameters
    ----------
    distance : array [points], at least 3, in (0, 10**6], √nats, not all equal
    reward : array [points], in [-10**9, 10**9]
        True reward measured there, with noise of constant size.
    method : "best-of-n" or "RL"
        Which law is taken for granted.

    Returns
    -------
    LawFit

    Raises
    ------
    ValueError
        If an argument is out of its range.

    References
    ----------
    Both laws are linear in alpha and beta.

    Examples
    --------
    >>> d = np.linspace(0.1, 1, 8)
    >>> fit = fit_law(d, true_reward(Law(alpha=1, beta=0.25), d))
    >>> round(fit.alpha, 6), round(fit.beta, 6), round(fit.peak, 6)
    (1.0, 0.25, 2.0)
    """
    distance, reward = _check_data(distance, reward)
    _check_method(method)
    design = np.stack(_columns(distance, method), axis=1)
    inverse = np.linalg.inv(design.T @ design)
    alpha, beta = inverse @ (design.T @ reward)
    noise = np.sum((reward - design @ (alpha, beta)) ** 2) / (len(reward) - 2)
    return LawFit(
        alpha=float(alpha),
        beta=float(beta),
        alpha_var=float(noise * inverse[0, 0]),
        beta_var=float(noise * inverse[1, 1]),
        covariance=float(noise * inverse[0, 1]),
        points=len(reward),
        method=method,
    )


def _check_data(distance: ArrayLike, reward: ArrayLike) -> tuple[Array, Array]:
    within("distance", distance, 0, 1e6, open_low=True)
    within("reward", reward, -1e9, 1e9)
    distance, reward = np.asarray(distance, dtype=float), np.asarray(reward, dtype=float)
    if distance.ndim != 1 or len(distance) < 3 or np.ptp(distance) < 1e-6 * distance.max():
        raise ValueError(f"distance = {distance!r} is not a row of at least 3 that differ")
    if reward.shape != distance.shape:
        raise ValueError("reward is not one number for each distance")
    return distance, reward


def peak_interval(fit: LawFit, *, coverage: float = 0.9) -> tuple[float, float]:
    """Confidence interval for the distance of the peak, by Fieller's theorem.

    Parameters
    ----------
    fit : LawFit
    coverage : float, in [0.01, 0.999]

    Returns
    -------
    two floats, low <= high
        High is ``inf`` if the data do not show that the law turns down at all; low is then the
        least distance that they allow. Both are ``inf`` if they show that it does not.

    Raises
    ------
    ValueError
        If `coverage` is out of its range.

    References
    ----------
    Fieller (1954): a ratio r is kept if alpha - r beta is not significantly different from 0.
    Exact for Gaussian noise, if the law is the right one.

    Examples
    --------
    >>> fit = LawFit(alpha=1.0, beta=0.25, alpha_var=0.0004, beta_var=0.0004, covariance=0.0003,
    ...              points=10)
    >>> tuple(round(end, 3) for end in peak_interval(fit))
    (1.785, 2.289)
    """
    within("coverage", coverage, 0.01, 0.999)
    t = float(stdtrit(fit.points - 2, (1 + coverage) / 2))
    low, high = (
        math.inf if end == math.inf else float(_peak(min(end, 500), fit.method))
        for end in _fieller(fit, t**2)
    )
    return low, high


def _fieller(fit: LawFit, t2: float) -> tuple[float, float]:
    """Ratios r = alpha/beta >= 0 with (alpha - r beta)² <= t² Var(alpha - r beta)."""
    a = fit.beta**2 - t2 * fit.beta_var
    b = fit.alpha * fit.beta - t2 * fit.covariance
    c = fit.alpha**2 - t2 * fit.alpha_var
    root = b**2 - a * c
    if a > 0:  # the data show whether it turns down
        low, high = ((b + sign * math.sqrt(max(root, 0))) / a for sign in (-1, 1))
        never = math.inf if fit.beta < 0 else 0.0
        return (max(low, 0.0), high) if high > 0 else (never, never)
    if root < 0 or c <= 0:  # nor whether it rises
        return 0.0, math.inf
    bend = b + math.sqrt(root)
    return (c / bend if bend > 0 else math.inf), math.inf
