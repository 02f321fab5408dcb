"""How far answers to the same pictures differ before and after a change, and how sure that is.

Bonett, Price 2012, "Adjusted Wald Confidence Interval for a Difference of Binomial Proportions Based on Paired Data",
Journal of Educational and Behavioral Statistics 37(4), equation 4: what McNemar's test asks, as an interval, which also
holds where few pictures or none change. Efron 1979, "Bootstrap Methods: Another Look at the Jackknife" (means).
"""

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

_RESAMPLES, _AT_ONCE = 2000, 100


def share_interval(gained: int, lost: int, total: int, level: float = 0.95) -> tuple[float, float]:
    """Between which values the change of a share lies, in [-1, 1].

    Args:
        gained: so many of `total` pictures have it after the change and had it not before. lost: the other way round.
    """
    z = NormalDist().inv_cdf((1 + level) / 2)
    up, down = (gained + 1) / (total + 2), (lost + 1) / (total + 2)
    half = z * math.sqrt((up + down - (up - down) ** 2) / (total + 2))
    return max(-1.0, up - down - half), min(1.0, up - down + half)


def mean_intervals(differences: NDArray[np.float64], seed: int, level: float = 0.95) -> NDArray[np.float64]:
    """Between which values the mean of each column lies, by a bootstrap over the rows.

    Args:
        differences: (N, K), a row for each picture.
        seed: of the resampling.

    Returns:
        (K, 2), low and high percentile of 2000 resampled means.
    """
    rng = np.random.default_rng(seed)
    count = len(differences)
    means = []
    for _ in range(_RESAMPLES // _AT_ONCE):  # memory stays flat, however many pictures there are
        drawn = rng.multinomial(count, np.full(count, 1 / count), size=_AT_ONCE)
        means.append(drawn @ differences / count)
    tails = [50 * (1 - level), 50 * (1 + level)]
    return np.asarray(np.percentile(np.concatenate(means), tails, axis=0).T)
