"""Numbers as words in a sentence."""

from __future__ import annotations


def percent(share: float, digits: int = 0) -> str:
    """A share in per cent, never rounded to nothing or to everything unless it is that.

    Parameters
    ----------
    share : float
        Usually in [0, 1].
    digits : int
        Decimals, at least 0.

    Examples
    --------
    >>> percent(0.367), percent(0.367, 1), percent(0.0004), percent(0.9999), percent(1.0)
    ('37 %', '36.7 %', 'under 1 %', 'over 99 %', '100 %')
    """
    least = 10.0**-digits
    value = f"{100 * share:.{digits}f} %"
    if share > 0 and 100 * share < least / 2:
        return f"under {least:.{digits}f} %"
    if share < 1 and 100 - 100 * share < least / 2:
        return f"over {100 - least:.{digits}f} %"
    return value
