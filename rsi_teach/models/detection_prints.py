"""Chapter 11: the fingerprint of a version: what it does, image by image, beside another."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc

from rsi_teach.models.domain import shaped, within

Array = NDArray[np.float64]


def softmax(scores: ArrayLike, *, temperature: float = 1.0) -> Array:
    """Turn scores into probabilities that sum to 1.

    Parameters
    ----------
    scores : array [images, classes], |scores| <= 1e6
    temperature : float, in [0.01, 1000]
        In units of the scores; larger is less certain.

    Returns
    -------
    array [images, classes]
        In [0, 1].

    Raises
    ------
    ValueError
        If a parameter is out of its range or `scores` is not of that shape.

    References
    ----------
    The usual definition.

    Examples
    --------
    >>> softmax([[0.0, 0.0], [0.0, 1.0]]).round(3).tolist()
    [[0.5, 0.5], [0.269, 0.731]]
    """
    scores = _table("scores", scores, -1e6, 1e6)
    within("temperature", temperature, 0.01, 1000)
    e = np.exp((scores - scores.max(axis=1, keepdims=True)) / temperature)
    return e / e.sum(axis=1, keepdims=True)


def _table(name: str, value: ArrayLike, low: float, high: float) -> Array:
    value = shaped(name, value, ("images", "classes"))
    within(name, value, low, high)
    return value.astype(float)


def disagreement(before: ArrayLike, after: ArrayLike) -> float:
    """Share of the images that two versions read differently; no labels needed.

    Parameters
    ----------
    before, after : array of int [images], in [0, 1e6]

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    ValueError
        If an array is out of its range or their lengths differ.

    References
    ----------
    Called churn by Cormier and others (2016).

    Examples
    --------
    >>> disagreement([1, 2, 3, 4], [1, 2, 3, 5])
    0.25
    """
    within("before", before, 0, 1e6, integer=True)
    within("after", after, 0, 1e6, integer=True)
    before, after = np.asarray(before), np.asarray(after)
    if before.ndim != 1 or before.shape != after.shape:
        raise ValueError(f"before has shape {before.shape} and after {after.shape}: one length")
    return float(np.mean(before != after))


def mean_kl(before: ArrayLike, after: ArrayLike) -> float:
    """Mean over images of the KL divergence of a version's probabilities from another's.

    Parameters
    ----------
    before, after : array [images, classes], in [0, 1], rows that sum to 1
        Where `before` is above 0, `after` is taken to be at least 1e-12.

    Returns
    -------
    float
        In nats, at least 0.

    Raises
    ------
    ValueError
        If an array is out of its range, a row does not sum to 1 or the shapes differ.

    References
    ----------
    Kullback and Leibler's divergence of `after` from `before`.

    Examples
    --------
    >>> round(mean_kl([[0.5, 0.5]], [[0.9, 0.1]]), 3)
    0.511
    """
    p, q = _table("before", before, 0, 1), _table("after", after, 0, 1)
    if p.shape != q.shape:
        raise ValueError(f"before has shape {p.shape} and after {q.shape}: one shape")
    for name, rows in (("before", p), ("after", q)):
        if np.abs(rows.sum(axis=1) - 1).max() > 1e-6:
            raise ValueError(f"{name} has rows that do not sum to 1")
    ratio = np.log(np.maximum(p, 1e-300)) - np.log(np.maximum(q, 1e-12))
    return max(float((p * ratio).sum(axis=1).mean()), 0.0)


def calibration_gap(confidence: ArrayLike, right: ArrayLike) -> float:
    """Mean confidence minus the share that is right: above 0 is over-confident.

    Parameters
    ----------
    confidence : array [images], in [0, 1]
        Probability given to the answer.
    right : array of 0 and 1 [images]

    Returns
    -------
    float
        In [-1, 1].

    Raises
    ------
    ValueError
        If an array is out of its range or their lengths differ.

    References
    ----------
    Calibration in the large; it can be 0 while single levels are off.

    Examples
    --------
    >>> round(calibration_gap([0.9, 0.9, 0.8, 0.8], [1, 1, 1, 0]), 2)
    0.1
    """
    within("confidence", confidence, 0, 1)
    within("right", right, 0, 1, integer=True)
    confidence, right = np.asarray(confidence, dtype=float), np.asarray(right, dtype=float)
    if confidence.ndim != 1 or confidence.shape != right.shape:
        raise ValueError(f"confidence {confidence.shape} and right {right.shape}: one length")
    return float(confidence.mean() - right.mean())


def sign_test(lost: ArrayLike, gained: ArrayLike) -> Array:
    """One-sided p-value that more images were lost than gained; McNemar's test, exact.

    Images that both versions read right, or both wrong, say nothing about which is better.

    Parameters
    ----------
    lost : array of int, any shape, in [0, 1e6]
        Images that only the old version reads right.
    gained : array of int that broadcasts with `lost`, in [0, 1e6]
        Images that only the new version reads right.

    Returns
    -------
    array
        P(at least `lost` heads in lost + gained tosses), in [0, 1].

    Raises
    ------
    ValueError
        If a count is out of its range.

    References
    ----------
    McNemar's test of paired proportions, in its exact binomial form.

    Examples
    --------
    >>> sign_test(8, 1).round(4).item()
    0.0195
    """
    within("lost", lost, 0, 1e6, integer=True)
    within("gained", gained, 0, 1e6, integer=True)
    lost, gained = np.asarray(lost, dtype=float), np.asarray(gained, dtype=float)
    return np.where(lost > 0, betainc(np.maximum(lost, 1), gained + 1, 0.5), 1.0)


def images_to_notice(rate: ArrayLike, *, null: float, alpha: float = 0.05) -> Array:
    """Images that evidence of 1/alpha takes on average, to first order: ln(1/alpha) over the KL.

    Parameters
    ----------
    rate : array, any shape, in [null, 0.9999]
        How often it happens now.
    null : float, in [1e-6, 0.999]
        How often it used to happen.
    alpha : float, in [1e-9, 0.5]

    Returns
    -------
    array
        Of `rate`'s shape, at least 1; ``inf`` where the rate is `null`.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Wald (1945), without what the last step overshoots.

    Examples
    --------
    >>> images_to_notice([0.06, 0.3], null=0.03).round(1).tolist()
    [248.5, 6.5]
    """
    within("null", null, 1e-6, 0.999)
    within("rate", rate, null, 0.9999)
    within("alpha", alpha, 1e-9, 0.5)
    rate = np.asarray(rate, dtype=float)
    kl = rate * np.log(rate / null) + (1 - rate) * np.log((1 - rate) / (1 - null))
    with np.errstate(divide="ignore"):
        return np.where(
            rate > null, np.maximum(math.log(1 / alpha) / np.maximum(kl, 0), 1), math.inf
        )
